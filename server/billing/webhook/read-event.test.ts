import { describe, expect, it } from 'vitest';
import { parseEvent, readEvent } from './read-event';

const event = (type: string, object: unknown, created = 1_700_000_000) =>
  readEvent(parseEvent(JSON.stringify({ id: 'evt_1', object: 'event', type, created, data: { object } })));
const at = new Date(1_700_000_000_000);
const session = {
  id: 'cs_1',
  amount_total: 999,
  currency: 'usd',
  mode: 'payment',
  payment_status: 'paid',
  payment_intent: 'pi_1',
  customer: 'cus_1',
  metadata: { purchaseId: 'p1' },
};

describe('an event', () => {
  it('reports a payment only when money has come', () => {
    const facts = { id: 'cs_1', customerId: 'cus_1', amountCents: 999, currency: 'usd' };
    const known = { kind: 'checkout', purchaseId: 'p1', session: facts, paymentIntentId: 'pi_1' };
    expect(event('checkout.session.completed', session)).toEqual({ ...known, paidAt: at });
    expect(event('checkout.session.completed', { ...session, payment_status: 'unpaid' })).toEqual(known);
    expect(event('checkout.session.async_payment_succeeded', session)).toEqual({ ...known, paidAt: at });
    expect(event('checkout.session.async_payment_failed', { ...session, payment_status: 'unpaid' })).toEqual({
      ...known,
      failedAt: at,
    });
    expect(event('checkout.session.expired', { ...session, payment_status: 'unpaid', payment_intent: null })).toEqual({
      ...known,
      paymentIntentId: null,
      expiredAt: at,
    });
  });

  it('of a subscription names the customer, wherever the version of the endpoint has it', () => {
    const meaning = { kind: 'subscription', customerId: 'cus_1' };
    expect(event('checkout.session.completed', { ...session, mode: 'subscription', metadata: {} })).toEqual(meaning);
    expect(event('customer.subscription.updated', { customer: { id: 'cus_1', object: 'customer' } })).toEqual(meaning);
    const parent = { subscription_details: { subscription: 'sub_1' } };
    expect(event('invoice.paid', { customer: 'cus_1', parent })).toEqual(meaning);
    expect(event('invoice.payment_failed', { customer: 'cus_1', subscription: 'sub_1' })).toEqual(meaning);
  });

  it('about money that went back names the payment, which Stripe is then asked about', () => {
    const charge = { amount_refunded: 5, payment_intent: 'pi_1', metadata: { purchaseId: 'p1' } };
    const about = { kind: 'payment', paymentIntentId: 'pi_1', purchaseId: 'p1', refundedCents: null };
    expect(event('charge.refunded', charge)).toEqual(about);
    // Comes for many reasons: only what it calls refunded makes it worth a question.
    expect(event('charge.updated', charge)).toEqual({ ...about, refundedCents: 5 });
    const unnamed = { ...about, purchaseId: null };
    for (const type of ['refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated'])
      expect(event(type, { payment_intent: 'pi_1' })).toEqual(unnamed);
    // Whatever the status, an unknown one included.
    for (const status of ['needs_response', 'won', 'prevented', 'appeal_under_review', 'warning_closed', 'new_word'])
      expect(event('charge.dispute.updated', { status, payment_intent: { id: 'pi_1' } })).toEqual(unnamed);
  });

  it('is stored without what names the payer, however deep, and with what money needs', () => {
    const person = { name: 'Ada Lovelace', email: 'ada@example.test', phone: '+44', address: { line1: '1 Long Acre' } };
    const object = {
      id: 'cs_1',
      amount_total: 999,
      customer: 'cus_1',
      description: 'Lesson for Ada',
      metadata: { purchaseId: 'p1', organizationId: 'o1', full_name: 'Ada Lovelace', email: person.email },
      customer_details: person,
      ip_address: '203.0.113.7',
      online: { user_agent: 'Analytical Engine', ip_address_location: { city: 'London' } },
      items: [{ charge: { billing_details: person, receipt_email: person.email, amount: 5 } }],
      evidence: { customer_purchase_ip: '10.0.0.1' },
    };
    const json = {
      id: 'evt_1',
      type: 'checkout.session.completed',
      created: 1,
      data: { object, previous_attributes: { ...person, description: 'Ada', balance: 0 } },
    };
    expect(JSON.parse(parseEvent(JSON.stringify(json)).payload)).toEqual({
      id: 'evt_1',
      type: 'checkout.session.completed',
      created: 1,
      data: {
        object: {
          id: 'cs_1',
          amount_total: 999,
          customer: 'cus_1',
          metadata: { purchaseId: 'p1', organizationId: 'o1' },
          online: {},
          items: [{ charge: { amount: 5 } }],
        },
        previous_attributes: { balance: 0 },
      },
    });
  });

  it.each(['customer.updated', 'review.opened', 'mandate.updated', 'constructor'])(
    'of a type without a place here is stored as its name and time only: %s',
    (type) => {
      const json = { id: 'evt_1', type, created: 1, data: { object: { id: 'cus_1', about: 'Ada Lovelace' } } };
      const parsed = parseEvent(JSON.stringify(json));
      expect(JSON.parse(parsed.payload)).toEqual({ id: 'evt_1', type, created: 1 });
      expect(readEvent(parsed).kind).toBe('ignored');
    },
  );

  it.each([
    ['balance.available', {}],
    ['checkout.session.completed', { ...session, metadata: {} }],
    ['invoice.paid', { customer: 'cus_1', parent: null }],
    ['charge.refunded', { amount_refunded: 5, payment_intent: null }],
    ['charge.dispute.created', { id: 'du_1', amount: 7, status: 'needs_response', payment_intent: null }],
  ])('%s without a place here is ignored', (type, object) => {
    expect(event(type, object).kind).toBe('ignored');
  });

  it('that lacks what its type must have is an error, not ignored', () => {
    expect(() => event('charge.refunded', { payment_intent: 'pi_1' })).toThrow();
    expect(() => parseEvent('{"id":"evt_1"}')).toThrow();
  });
});
