/** Payment intents and their charges. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { book } from './balance-transactions';
import { blankCharge, blankIntent, cardDetails } from './blank-payments';
import { paging, text } from './params';
import { page, type Route, route } from './router';
import { get, type Store } from './store';

export function paymentRoutes(store: Store): Route[] {
  const list = z.strictObject({ ...paging, customer: text.optional(), payment_intent: text.optional() });
  return [
    route('GET', 'payment_intents/:id', z.strictObject({}), (_, id = '') =>
      get(store.paymentIntents, 'payment_intent', id, 'intent'),
    ),
    route('GET', 'payment_intents', list.omit({ payment_intent: true }), (params) => {
      const found = [...store.paymentIntents.values()].filter(
        (intent) => params.customer === undefined || intent.customer === params.customer,
      );
      return page('/v1/payment_intents', found, params);
    }),
    route('GET', 'charges/:id', z.strictObject({}), (_, id = '') => get(store.charges, 'charge', id)),
    route('GET', 'charges', list, (params) => {
      const found = [...store.charges.values()].filter(
        (charge) =>
          (params.customer === undefined || charge.customer === params.customer) &&
          (params.payment_intent === undefined || charge.payment_intent === params.payment_intent),
      );
      return page('/v1/charges', found, params);
    }),
  ];
}

export interface NewIntent {
  /** Minor units of the currency (cents). */
  amount: number;
  currency: string;
  customer: string | null;
  email: string | null;
  metadata: Record<string, string>;
  description: string | null;
}

/** A payment intent that waits for a payment method. */
export function createIntent(store: Store, given: NewIntent): Stripe.PaymentIntent {
  const id = store.id('pi');
  const intent: Stripe.PaymentIntent = {
    ...blankIntent(),
    id,
    amount: given.amount,
    client_secret: `${id}_secret_fake`,
    created: store.now(given.customer),
    currency: given.currency,
    customer: given.customer,
    description: given.description,
    metadata: { ...given.metadata },
    receipt_email: given.email,
  };
  store.paymentIntents.set(id, intent);
  store.emit('payment_intent.created', intent);
  return intent;
}

/** The money arrives. */
export function succeed(store: Store, intent: Stripe.PaymentIntent): Stripe.Charge {
  const charge = createCharge(store, intent, 'succeeded');
  intent.status = 'succeeded';
  intent.amount_received = intent.amount;
  intent.latest_charge = charge.id;
  intent.payment_method = charge.payment_method;
  intent.last_payment_error = null;
  intent.processing = null;
  store.emit('charge.succeeded', charge);
  store.emit('payment_intent.succeeded', intent);
  return charge;
}

/** The card declines; the intent may be tried again. */
export function decline(store: Store, intent: Stripe.PaymentIntent): Stripe.Charge {
  const charge = createCharge(store, intent, 'failed');
  intent.status = 'requires_payment_method';
  intent.latest_charge = charge.id;
  intent.processing = null;
  intent.last_payment_error = {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'generic_decline',
    message: 'Your card was declined.',
    charge: charge.id,
  };
  store.emit('charge.failed', charge);
  store.emit('payment_intent.payment_failed', intent);
  return charge;
}

/** A method that reports days later, a bank debit for instance: neither paid nor failed yet. */
export function startProcessing(store: Store, intent: Stripe.PaymentIntent): void {
  intent.status = 'processing';
  intent.payment_method = store.id('pm');
  store.emit('payment_intent.processing', intent);
}

function createCharge(store: Store, intent: Stripe.PaymentIntent, status: 'succeeded' | 'failed'): Stripe.Charge {
  const paid = status === 'succeeded';
  const id = store.id('ch');
  const of = { currency: intent.currency, customer: intentCustomer(intent) };
  const charge: Stripe.Charge = {
    ...blankCharge(),
    id,
    amount: intent.amount,
    amount_captured: paid ? intent.amount : 0,
    balance_transaction: paid ? book(store, { amount: intent.amount, type: 'charge', source: id, of }).id : null,
    billing_details: { address: null, email: intent.receipt_email, name: null, phone: null, tax_id: null },
    captured: paid,
    created: store.now(intentCustomer(intent)),
    currency: intent.currency,
    customer: intentCustomer(intent),
    description: intent.description,
    failure_code: paid ? null : 'card_declined',
    failure_message: paid ? null : 'Your card was declined.',
    // A charge starts with its payment intent's metadata; later changes of the intent do not reach it.
    metadata: { ...intent.metadata },
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: paid ? 'approved_by_network' : 'declined_by_network',
      reason: paid ? null : 'generic_decline',
      seller_message: paid ? 'Payment complete.' : 'The bank did not return any further details with this decline.',
      type: paid ? 'authorized' : 'issuer_declined',
    },
    paid,
    payment_intent: intent.id,
    payment_method: typeof intent.payment_method === 'string' ? intent.payment_method : store.id('pm'),
    payment_method_details: cardDetails(intent.amount),
    receipt_email: intent.receipt_email,
    receipt_url: paid ? `${store.baseUrl}/receipts/${id}` : null,
    status,
  };
  store.charges.set(id, charge);
  return charge;
}

function intentCustomer(intent: Stripe.PaymentIntent): string | null {
  return typeof intent.customer === 'string' ? intent.customer : null;
}
