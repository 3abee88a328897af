import { describe, expect, it } from 'vitest';
import { whyForeign } from './apply-checkout';

const session = { id: 'cs_1', customerId: 'cus_1', amountCents: 999, currency: 'usd' };
const purchase = { mock: false, priceUsdCents: 999, stripeSessionId: 'cs_1', customerId: 'cus_1' };
/** The answer that names its page is still on its way. */
const unnamed = { ...purchase, stripeSessionId: null };

describe('a payment page', () => {
  it('is the purchase’s own, also while its id is not stored yet and with taxes on top', () => {
    expect(whyForeign(session, purchase)).toBeNull();
    expect(whyForeign(session, { ...purchase, stripeSessionId: null })).toBeNull();
    expect(whyForeign({ ...session, amountCents: 1099 }, purchase)).toBeNull();
  });

  it('is known by its id, whatever has become of the organization’s customer since', () => {
    expect(whyForeign(session, { ...purchase, customerId: 'cus_2' })).toBeNull();
    expect(whyForeign(session, { ...purchase, customerId: null })).toBeNull();
  });

  it.each([
    ['another page', { ...session, id: 'cs_2' }, purchase],
    ['another customer', { ...session, customerId: 'cus_2' }, unnamed],
    ['no customer', { ...session, customerId: null }, unnamed],
    ['no customer on either side', { ...session, customerId: null }, { ...unnamed, customerId: null }],
    ['another currency', { ...session, currency: 'jpy' }, purchase],
    ['no currency', { ...session, currency: null }, purchase],
    ['a smaller amount', { ...session, amountCents: 998 }, purchase],
    ['no amount', { ...session, amountCents: null }, purchase],
    ['a local test purchase', session, { ...purchase, mock: true }],
  ])('of %s pays for nothing', (_, given, expected) => {
    expect(whyForeign(given, expected)).not.toBeNull();
  });
});
