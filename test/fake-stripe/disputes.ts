/** Disputes: money that the payer's bank takes, and may give back. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { book } from './balance-transactions';
import { chargeOf, ofPayment, ofThatPayment } from './refunds';
import { page, type Route, route } from './router';
import { get, idOf, type Store } from './store';

export function disputeRoutes(store: Store): Route[] {
  return [
    route('GET', 'disputes/:id', z.strictObject({}), (_, id = '') => get(store.disputes, 'dispute', id)),
    route('GET', 'disputes', ofPayment, (params) =>
      page('/v1/disputes', ofThatPayment(store.disputes.values(), params), params),
    ),
  ];
}

export interface DisputeOptions {
  /** Minor units; default all of the charge. */
  amount?: number;
  reason?: string;
  /** The bank only asks: no money moves. */
  inquiry?: boolean;
  /** Settled before it became a dispute: `withdrawn` is how the network's rapid resolution pays the payer. */
  prevented?: 'withdrawn' | 'free';
}

/** The cardholder's bank takes money back. `of` is a charge or a payment intent, of a single payment or of an invoice. */
export function openDispute(store: Store, of: string, options: DisputeOptions = {}): Stripe.Dispute {
  const charge = chargeOf(store, of.startsWith('ch_') ? { charge: of } : { payment_intent: of });
  if (charge.disputed) throw new Error(`charge ${charge.id} is disputed already`);
  const free = options.inquiry === true || options.prevented === 'free';
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
    is_charge_refundable: free,
    livemode: false,
    metadata: {},
    network_reason_code: '10.4',
    payment_intent: idOf(charge.payment_intent),
    payment_method_details: {
      card: { brand: 'visa', case_type: free ? 'inquiry' : 'chargeback', network: 'visa', network_reason_code: '10.4' },
      type: 'card',
    },
    reason: options.reason ?? 'fraudulent',
    status: options.prevented === undefined ? (free ? 'warning_needs_response' : 'needs_response') : 'prevented',
  };
  store.disputes.set(dispute.id, dispute);
  if (!free) move(store, dispute, 'withdrawn');
  store.emit('charge.dispute.created', dispute);
  if (!free) store.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** The bank insists on an inquiry: it becomes a dispute, and the money goes. */
export function escalateDispute(store: Store, id: string): Stripe.Dispute {
  const dispute = get(store.disputes, 'dispute', id);
  if (dispute.status !== 'warning_needs_response') throw new Error(`dispute ${id} is no open inquiry`);
  return changeDispute(store, id, 'needs_response', 'withdrawn');
}

/** Gives a dispute any status, one that Stripe may add included; with `money` the bank withdraws or returns the amount. */
export function changeDispute(
  store: Store,
  id: string,
  status: Stripe.Dispute.Status,
  money?: 'withdrawn' | 'reinstated',
): Stripe.Dispute {
  const dispute = get(store.disputes, 'dispute', id);
  store.change(dispute, 'charge.dispute.updated', () => {
    dispute.status = status;
    if (money !== undefined) move(store, dispute, money);
  });
  if (money !== undefined) store.emit(`charge.dispute.funds_${money}`, dispute);
  return dispute;
}

function move(store: Store, dispute: Stripe.Dispute, money: 'withdrawn' | 'reinstated'): void {
  const of = get(store.charges, 'charge', idOf(dispute.charge) ?? '');
  const taken = money === 'withdrawn';
  const amount = taken ? -dispute.amount : dispute.amount;
  dispute.balance_transactions.push(
    book(store, { amount, fee: taken ? DISPUTE_FEE : 0, type: 'adjustment', source: dispute.id, of }),
  );
  dispute.is_charge_refundable = !taken;
}

/** Minor units; kept by the bank however the dispute ends. */
const DISPUTE_FEE = 1500;

/** The bank decides; a dispute that is won brings the money back, an inquiry just ends (`warning_closed`). */
export function closeDispute(store: Store, id: string, outcome: 'won' | 'lost' | 'warning_closed'): Stripe.Dispute {
  const dispute = get(store.disputes, 'dispute', id);
  if (CLOSED.has(dispute.status)) throw new Error(`dispute ${id} is closed already`);
  if ((dispute.status === 'warning_needs_response') !== (outcome === 'warning_closed'))
    throw new Error(`dispute ${id} is ${dispute.status}: it cannot end as ${outcome}`);
  dispute.status = outcome;
  if (outcome === 'won') {
    move(store, dispute, 'reinstated');
    store.emit('charge.dispute.funds_reinstated', dispute);
  }
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
