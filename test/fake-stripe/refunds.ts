/** Refunds and disputes: money that goes back. */
import type Stripe from 'stripe';
import { z } from 'zod';
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

export function refundRoutes(store: Store): Route[] {
  const list = z.strictObject({ ...paging, charge: text.optional(), payment_intent: text.optional() });
  const matches = (params: z.output<typeof list>, of: Stripe.Refund | Stripe.Dispute): boolean =>
    (params.charge === undefined || idOf(of.charge) === params.charge) &&
    (params.payment_intent === undefined || idOf(of.payment_intent) === params.payment_intent);
  return [
    route('POST', 'refunds', refundCreate, (params) => createRefund(store, params)),
    route('GET', 'refunds/:id', z.strictObject({}), (_, id = '') => get(store.refunds, 'refund', id)),
    route('GET', 'refunds', list, (params) =>
      page(
        '/v1/refunds',
        [...store.refunds.values()].filter((refund) => matches(params, refund)),
        params,
      ),
    ),
    route('GET', 'disputes/:id', z.strictObject({}), (_, id = '') => get(store.disputes, 'dispute', id)),
    route('GET', 'disputes', list, (params) =>
      page(
        '/v1/disputes',
        [...store.disputes.values()].filter((dispute) => matches(params, dispute)),
        params,
      ),
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
  const refund: Stripe.Refund = {
    id: store.id('re'),
    object: 'refund',
    amount,
    balance_transaction: store.id('txn'),
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
    status: 'succeeded',
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

/** The money does not reach the payer: it is the merchant's again. */
export function failRefund(store: Store, id: string): Stripe.Refund {
  const refund = get(store.refunds, 'refund', id);
  if (refund.status !== 'succeeded') throw new Error(`refund ${id} is ${refund.status}`);
  const charge = get(store.charges, 'charge', idOf(refund.charge) ?? '');
  refund.status = 'failed';
  refund.failure_reason = 'expired_or_canceled_card';
  store.change(charge, 'charge.updated', () => {
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
  });
  store.emit('refund.updated', refund);
  store.emit('refund.failed', refund);
  return refund;
}

/** A dispute has the money, or lost it for good. */
function isTaken(store: Store, charge: Stripe.Charge): boolean {
  return [...store.disputes.values()].some((dispute) => dispute.charge === charge.id && !dispute.is_charge_refundable);
}

function chargeOf(store: Store, params: RefundCreate): Stripe.Charge {
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

export interface DisputeOptions {
  /** Minor units; default all of the charge. */
  amount?: number;
  reason?: string;
  /** The bank only asks: no money moves. */
  inquiry?: boolean;
}

/** The cardholder's bank takes money back. `of` is a charge or a payment intent, of a single payment or of an invoice. */
export function openDispute(store: Store, of: string, options: DisputeOptions = {}): Stripe.Dispute {
  const charge = chargeOf(store, of.startsWith('ch_') ? { charge: of } : { payment_intent: of });
  if (charge.disputed) throw new Error(`charge ${charge.id} is disputed already`);
  const inquiry = options.inquiry ?? false;
  charge.disputed = true;
  const payer = store.customers.get(idOf(charge.customer) ?? '');
  const dispute: Stripe.Dispute = {
    id: store.id('du'),
    object: 'dispute',
    amount: options.amount ?? charge.amount,
    balance_transactions: [],
    charge: charge.id,
    created: store.now(idOf(charge.customer)),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    // Stripe fills in what it knows of the payer.
    evidence: {
      ...NO_EVIDENCE,
      customer_email_address: payer?.email ?? charge.receipt_email,
      customer_name: payer?.name ?? null,
    },
    evidence_details: {
      due_by: store.now(idOf(charge.customer)) + 9 * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'manual',
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    network_reason_code: '10.4',
    payment_intent: idOf(charge.payment_intent),
    reason: options.reason ?? 'fraudulent',
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  };
  store.disputes.set(dispute.id, dispute);
  store.emit('charge.dispute.created', dispute);
  if (!inquiry) store.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** The bank insists on an inquiry: it becomes a dispute, and the money goes. */
export function escalateDispute(store: Store, id: string): Stripe.Dispute {
  const dispute = get(store.disputes, 'dispute', id);
  if (dispute.status !== 'warning_needs_response') throw new Error(`dispute ${id} is no open inquiry`);
  store.change(dispute, 'charge.dispute.updated', () => {
    dispute.status = 'needs_response';
    dispute.is_charge_refundable = false;
  });
  store.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** The bank decides; a dispute that is won brings the money back, an inquiry just ends (`warning_closed`). */
export function closeDispute(store: Store, id: string, outcome: 'won' | 'lost' | 'warning_closed'): Stripe.Dispute {
  const dispute = get(store.disputes, 'dispute', id);
  if (CLOSED.has(dispute.status)) throw new Error(`dispute ${id} is closed already`);
  if ((dispute.status === 'warning_needs_response') !== (outcome === 'warning_closed'))
    throw new Error(`dispute ${id} is ${dispute.status}: it cannot end as ${outcome}`);
  dispute.status = outcome;
  dispute.is_charge_refundable = outcome !== 'lost';
  if (outcome === 'won') store.emit('charge.dispute.funds_reinstated', dispute);
  store.emit('charge.dispute.closed', dispute);
  return dispute;
}

const CLOSED: ReadonlySet<string> = new Set(['won', 'lost', 'warning_closed']);

const NO_EVIDENCE: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
