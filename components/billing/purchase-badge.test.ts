import { expect, it } from 'vitest';
import { canStillBePaid, type Purchase, purchaseBadge } from './purchase-badge';

const purchase: Purchase = {
  id: 'p',
  packageId: 'starter',
  packageName: 'Starter',
  creditsMicro: 100_000_000n,
  priceUsdCents: 999,
  status: 'paid',
  paid: true,
  refundedCents: 0,
  disputedCents: 0,
  clawedMicro: 0n,
  owedMicro: 0n,
  owedNowMicro: 0n,
  mock: false,
  checkoutUrl: '/checkout/mock/p',
  returnTo: null,
  createdAt: new Date(0),
  completedAt: null,
};

it('a refund says what was taken back and what became owed, and how much of the price it was', () => {
  expect(purchaseBadge(purchase)).toMatchObject({ label: 'paid', note: null });
  const refunded = { ...purchase, status: 'refunded' as const, refundedCents: 999, clawedMicro: 80_000_000n };
  expect(purchaseBadge({ ...refunded, owedMicro: 20_000_000n })).toMatchObject({
    label: 'refunded',
    note: '80.00 credits taken back, 20.00 had been used and became owed',
  });
  expect(purchaseBadge({ ...refunded, refundedCents: 500 }).note).toBe(
    '5.00 USD of 9.99 USD, 80.00 credits taken back',
  );
  expect(purchaseBadge({ ...refunded, status: 'disputed', refundedCents: 0, disputedCents: 999 }).label).toBe(
    'disputed',
  );
});

it('what was not paid says that nothing was charged, and leads to the payment page while that is open', () => {
  expect(purchaseBadge({ ...purchase, status: 'expired' }).note).toBe('nothing was charged');
  expect(canStillBePaid({ ...purchase, status: 'pending' })).toBe(true);
  expect(canStillBePaid({ ...purchase, status: 'pending', checkoutUrl: null })).toBe(false);
  expect(canStillBePaid({ ...purchase, status: 'failed' })).toBe(false);
  expect(canStillBePaid({ ...purchase, status: 'failed', mock: true })).toBe(true);
  expect(canStillBePaid({ ...purchase, status: 'paid' })).toBe(false);
});
