/** What the person does on the checkout page, and what Stripe then creates. */
import type Stripe from 'stripe';
import { expireIfDue } from './checkout-sessions';
import { createCustomer } from './customers';
import { createLine, periodLines } from './invoice-lines';
import { linkPayment, markPaid, type NewInvoice, openInvoice, payInvoice } from './invoices';
import { createIntent, decline, startProcessing, succeed } from './payments';
import { type CheckoutSecrets, get, idOf, type Store } from './store';
import { createSubscription, currentPeriod } from './subscriptions';

export const CHECKOUT_ACTIONS = ['pay', 'pay_later', 'decline', 'cancel'] as const;
/** `pay_later`: a method that reports hours later, such as a bank debit. */
export type CheckoutAction = (typeof CHECKOUT_ACTIONS)[number];

export interface CheckoutResult {
  /** Where the browser goes: the success or the cancel address; null: it stays on the page. */
  redirectTo: string | null;
  session: Stripe.Checkout.Session;
}

/** Acts on an open session; throws if it is complete or expired, as the page then offers nothing to press. */
export function actOnCheckout(
  store: Store,
  id: string,
  action: CheckoutAction,
  email = 'buyer@example.com',
): CheckoutResult {
  const session = get(store.sessions, 'checkout.session', id);
  const secrets = get(store.checkoutSecrets, 'checkout.session', id);
  expireIfDue(store, session);
  if (session.status !== 'open') throw new Error(`checkout session ${id} is ${session.status}`);
  // Stripe leaves the session open: the person may come back to its page.
  if (action === 'cancel') return { redirectTo: session.cancel_url, session };
  if (action === 'decline') return declineCard(store, session, secrets, email);
  if (action === 'pay_later' && session.mode === 'subscription') {
    throw new Error('paying later is offered for single payments only');
  }
  identifyCustomer(store, session, email);
  if (session.mode === 'subscription') startSubscription(store, session, secrets);
  else payOnce(store, session, secrets, action === 'pay');
  session.status = 'complete';
  session.payment_status = action === 'pay' ? 'paid' : 'unpaid';
  session.url = null;
  store.emit('checkout.session.completed', session);
  return { redirectTo: session.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? null, session };
}

/** The end of a payment made by `pay_later`. */
export function settleLater(store: Store, id: string, outcome: 'succeeds' | 'fails'): Stripe.Checkout.Session {
  const session = get(store.sessions, 'checkout.session', id);
  const intent = get(store.paymentIntents, 'payment_intent', idOf(session.payment_intent) ?? '');
  if (intent.status !== 'processing') throw new Error(`checkout session ${id} waits for no payment`);
  if (outcome === 'succeeds') {
    succeed(store, intent);
    session.payment_status = 'paid';
    billSinglePayment(store, session, intent);
    store.emit('checkout.session.async_payment_succeeded', session);
  } else {
    decline(store, intent);
    store.emit('checkout.session.async_payment_failed', session);
  }
  return session;
}

function declineCard(
  store: Store,
  session: Stripe.Checkout.Session,
  secrets: CheckoutSecrets,
  email: string,
): CheckoutResult {
  // As at Stripe, a subscription's checkout makes nothing before the payment; a single payment's intent remains.
  const intent = session.mode === 'payment' ? intentOf(store, session, secrets, email) : undefined;
  if (intent !== undefined) decline(store, intent);
  secrets.notice = 'Your card was declined. Please try another one.';
  return { redirectTo: null, session };
}

function identifyCustomer(store: Store, session: Stripe.Checkout.Session, typedEmail: string): void {
  const known = store.customers.get(idOf(session.customer) ?? '');
  const email = known?.email ?? session.customer_email ?? typedEmail;
  session.customer_details = {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name: known?.name ?? null,
    phone: null,
    tax_exempt: 'none',
    tax_ids: [],
  };
  const needed = session.mode === 'subscription' || session.customer_creation === 'always';
  if (known !== undefined || !needed) return;
  const customer = createCustomer(store, { email });
  store.emit('customer.created', customer);
  session.customer = customer.id;
}

function intentOf(
  store: Store,
  session: Stripe.Checkout.Session,
  secrets: CheckoutSecrets,
  email: string,
): Stripe.PaymentIntent {
  const existing = store.paymentIntents.get(idOf(session.payment_intent) ?? '');
  if (existing !== undefined) return existing;
  const intent = createIntent(store, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? 'usd',
    customer: idOf(session.customer),
    email: session.customer_details?.email ?? email,
    metadata: secrets.paymentIntentMetadata,
    description: secrets.paymentIntentDescription,
  });
  session.payment_intent = intent.id;
  return intent;
}

function payOnce(store: Store, session: Stripe.Checkout.Session, secrets: CheckoutSecrets, atOnce: boolean): void {
  const intent = intentOf(store, session, secrets, session.customer_details?.email ?? '');
  intent.customer = idOf(session.customer);
  if (!atOnce) {
    startProcessing(store, intent);
    return;
  }
  succeed(store, intent);
  billSinglePayment(store, session, intent);
}

/** The invoice of a single payment, if the session asked for one (`invoice_creation`). */
function billSinglePayment(store: Store, session: Stripe.Checkout.Session, intent: Stripe.PaymentIntent): void {
  const customer = idOf(session.customer);
  if (session.invoice_creation?.enabled !== true || customer === null) return;
  const secrets = get(store.checkoutSecrets, 'checkout.session', session.id);
  const at = store.now(customer);
  const period = { start: at, end: at };
  const lines = secrets.lineItems.flatMap((item) =>
    item.price === null
      ? []
      : createLine(store, {
          amount: item.amount_total,
          currency: item.currency,
          description: item.description ?? '',
          price: item.price,
          quantity: item.quantity ?? 1,
          period,
          subscription: null,
          itemId: null,
          proration: false,
          metadata: {},
        }),
  );
  const invoice = openInvoice(
    store,
    {
      customer,
      lines,
      currency: intent.currency,
      billingReason: 'manual',
      subscription: null,
      period,
      metadata: secrets.invoiceMetadata,
      description: session.invoice_creation.invoice_data.description,
    },
    intent,
  );
  session.invoice = invoice.id;
  markPaid(store, invoice, linkPayment(store, invoice, intent));
}

function startSubscription(store: Store, session: Stripe.Checkout.Session, secrets: CheckoutSecrets): void {
  const subscription = createSubscription(store, {
    customer: idOf(session.customer) ?? '',
    currency: session.currency ?? 'usd',
    items: secrets.lineItems.flatMap((item) =>
      item.price === null ? [] : { price: item.price, quantity: item.quantity ?? 1 },
    ),
    metadata: secrets.subscriptionMetadata,
    description: secrets.subscriptionDescription,
  });
  const period = currentPeriod(subscription);
  const first: NewInvoice = {
    customer: idOf(session.customer) ?? '',
    lines: periodLines(store, subscription, period),
    currency: subscription.currency,
    billingReason: 'subscription_create',
    subscription,
    period: { start: period.start, end: period.start },
  };
  const invoice = openInvoice(store, first);
  subscription.latest_invoice = invoice.id;
  store.emit('customer.subscription.created', subscription);
  payInvoice(store, invoice, true);
  session.subscription = subscription.id;
  session.invoice = invoice.id;
}
