/** Refunds: money that the merchant gives back. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { book } from './balance-transactions';
import { badRequest } from './errors';
import { integer, mergeMetadata, metadata, paging, text } from './params';
import { page, type Route, route } from './router';
import { get, idOf, type Store } from './store';

const refundCreate = z.strictObject({
  charge: text.optional(),
  payment_intent: text.optional(),
  amount: integer.pipe(z.number().min(1)).optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata.optional(),
});
type RefundCreate = z.output<typeof refundCreate>;

/** Lists of what went back: of one charge, or of one payment intent. */
export const ofPayment = z.strictObject({ ...paging, charge: text.optional(), payment_intent: text.optional() });

export function ofThatPayment<T extends Stripe.Refund | Stripe.Dispute>(
  all: Iterable<T>,
  params: z.output<typeof ofPayment>,
): T[] {
  return [...all].filter(
    (of) =>
      (params.charge === undefined || idOf(of.charge) === params.charge) &&
      (params.payment_intent === undefined || idOf(of.payment_intent) === params.payment_intent),
  );
}

export function refundRoutes(store: Store): Route[] {
  return [
    route('POST', 'refunds', refundCreate, (params) => createRefund(store, params)),
    route('GET', 'refunds/:id', z.strictObject({}), (_, id = '') => get(store.refunds, 'refund', id)),
    route('GET', 'refunds', ofPayment, (params) =>
      page('/v1/refunds', ofThatPayment(store.refunds.values(), params), params),
    ),
  ];
}

function createRefund(store: Store, params: RefundCreate): Stripe.Refund {
  const charge = chargeOf(store, params);
  if (!charge.paid) throw badRequest(`Charge ${charge.id} has not been paid.`, { param: 'charge' });
  if (charge.refunded) {
    throw badRequest(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  if (isTaken(store, charge)) {
    throw badRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' });
  }
  const left = charge.amount - charge.amount_refunded;
  const amount = params.amount ?? left;
  if (amount > left) {
    throw badRequest(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
      param: 'amount',
    });
  }
  const id = store.id('re');
  const pending = store.refundsPend;
  const refund: Stripe.Refund = {
    id,
    object: 'refund',
    amount,
    balance_transaction: pending ? null : book(store, { amount: -amount, type: 'refund', source: id, of: charge }).id,
    charge: charge.id,
    created: store.now(idOf(charge.customer)),
    currency: charge.currency,
    customer: idOf(charge.customer),
    customer_account: null,
    metadata: mergeMetadata({}, params.metadata),
    payment_intent: idOf(charge.payment_intent),
    payment_method: charge.payment_method,
    reason: params.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: pending ? 'pending' : 'succeeded',
    ...(pending ? { pending_reason: 'processing' as const } : {}),
    transfer_reversal: null,
  };
  store.refunds.set(refund.id, refund);
  store.change(charge, 'charge.refunded', () => {
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount;
  });
  store.emit('refund.created', refund);
  return refund;
}

/** A pending refund reaches the payer. */
export function settleRefund(store: Store, id: string): Stripe.Refund {
  const refund = get(store.refunds, 'refund', id);
  if (refund.status !== 'pending') throw new Error(`refund ${id} is ${refund.status}`);
  const charge = get(store.charges, 'charge', idOf(refund.charge) ?? '');
  store.change(refund, 'refund.updated', () => {
    refund.status = 'succeeded';
    delete refund.pending_reason;
    refund.balance_transaction = book(store, { amount: -refund.amount, type: 'refund', source: id, of: charge }).id;
  });
  return refund;
}

/** The money does not reach the payer, at once or days later: it is the merchant's again. */
export function failRefund(store: Store, id: string): Stripe.Refund {
  const refund = get(store.refunds, 'refund', id);
  if (refund.status !== 'succeeded' && refund.status !== 'pending') throw new Error(`refund ${id} is ${refund.status}`);
  const charge = get(store.charges, 'charge', idOf(refund.charge) ?? '');
  if (refund.status === 'succeeded') {
    const back = book(store, { amount: refund.amount, type: 'refund_failure', source: id, of: charge });
    refund.failure_balance_transaction = back.id;
  }
  refund.status = 'failed';
  refund.failure_reason = 'expired_or_canceled_card';
  delete refund.pending_reason;
  store.change(charge, 'charge.updated', () => {
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
  });
  store.emit('refund.updated', refund);
  store.emit('refund.failed', refund);
  return refund;
}

/** The charge that is named, or the paid one of the payment intent. */
export function chargeOf(store: Store, params: Pick<RefundCreate, 'charge' | 'payment_intent'>): Stripe.Charge {
  if (params.charge !== undefined) return get(store.charges, 'charge', params.charge, 'charge');
  if (params.payment_intent === undefined) {
    throw badRequest('One of the following params should be provided for this request: payment_intent or charge.');
  }
  const intent = get(store.paymentIntents, 'payment_intent', params.payment_intent, 'payment_intent');
  const charge = store.charges.get(idOf(intent.latest_charge) ?? '');
  if (charge === undefined) {
    throw badRequest(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`);
  }
  return charge;
}

/** A dispute has the money, or lost it for good. */
function isTaken(store: Store, charge: Stripe.Charge): boolean {
  return [...store.disputes.values()].some((dispute) => dispute.charge === charge.id && !dispute.is_charge_refundable);
}
