/** Invoices: their making, paying and failing. */
import type Stripe from 'stripe';
import { blankInvoice } from './blank-billing';
import { createIntent, decline, succeed } from './payments';
import { idOf, type Store } from './store';

export interface NewInvoice {
  customer: string;
  lines: Stripe.InvoiceLineItem[];
  currency: string;
  billingReason: 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'manual';
  subscription: Stripe.Subscription | null;
  period: { start: number; end: number };
  metadata?: Record<string, string>;
  description?: string | null;
}

/** An invoice as computed, stored nowhere: a preview, or the start of a real one. */
export function draftInvoice(store: Store, given: NewInvoice): Stripe.Invoice {
  const customer = store.customers.get(given.customer);
  const id = store.id('in');
  const total = given.lines.reduce((sum, line) => sum + line.amount, 0);
  // A positive balance is owed by the customer, a negative one is credit that pays for this invoice.
  const balance = customer?.balance ?? 0;
  const due = Math.max(0, total + balance);
  return {
    ...blankInvoice(),
    id,
    amount_due: due,
    amount_remaining: due,
    billing_reason: given.billingReason,
    created: store.now(given.customer),
    currency: given.currency,
    customer: given.customer,
    customer_email: customer?.email ?? null,
    customer_name: customer?.name ?? null,
    description: given.description ?? null,
    lines: {
      object: 'list',
      data: given.lines.map((line) => ({ ...line, invoice: id })),
      has_more: false,
      url: `/v1/invoices/${id}/lines`,
    },
    metadata: { ...given.metadata },
    parent: parentOf(given.subscription),
    period_end: given.period.end,
    period_start: given.period.start,
    starting_balance: balance,
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
  };
}

/**
 * A finalized invoice, with its number and, if anything is due, a payment intent of its own; `paidBy` is an intent that
 * paid for it before it was written.
 */
export function openInvoice(store: Store, given: NewInvoice, paidBy?: Stripe.PaymentIntent): Stripe.Invoice {
  const invoice = draftInvoice(store, given);
  store.invoices.set(invoice.id, invoice);
  store.emit('invoice.created', invoice);
  const customer = store.customers.get(given.customer);
  if (customer !== undefined) {
    const sequence = customer.next_invoice_sequence ?? 1;
    invoice.number = `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
    customer.next_invoice_sequence = sequence + 1;
    customer.balance = Math.min(0, invoice.total + invoice.starting_balance);
    invoice.ending_balance = customer.balance;
  }
  const at = store.now(given.customer);
  invoice.status = 'open';
  invoice.status_transitions.finalized_at = at;
  invoice.effective_at = at;
  invoice.auto_advance = false;
  invoice.hosted_invoice_url = `${store.baseUrl}/invoices/${invoice.id}`;
  invoice.invoice_pdf = `${store.baseUrl}/invoices/${invoice.id}/pdf`;
  store.emit('invoice.finalized', invoice);
  if (invoice.amount_due > 0 && paidBy === undefined) attachIntent(store, invoice);
  return invoice;
}

/** Tries the customer's card on an open invoice; false if it declined. Its subscription follows. */
export function payInvoice(store: Store, invoice: Stripe.Invoice, works: boolean): boolean {
  const paid = collect(store, invoice, works);
  settleSubscription(store, invoice, paid);
  return paid;
}

/** Paid by other means, a bank transfer for instance: the merchant says so, and no payment of Stripe stands behind it. */
export function payOffStripe(store: Store, invoice: Stripe.Invoice): Stripe.Invoice {
  invoice.amount_paid_off_stripe = invoice.amount_due;
  markPaid(store, invoice, undefined);
  settleSubscription(store, invoice, true);
  return invoice;
}

function collect(store: Store, invoice: Stripe.Invoice, works: boolean): boolean {
  const payment = paymentOf(store, invoice);
  const intent = store.paymentIntents.get(payment?.payment.payment_intent?.toString() ?? '');
  if (invoice.amount_due > 0) {
    invoice.attempted = true;
    invoice.attempt_count += 1;
  }
  if (intent !== undefined && !works) {
    decline(store, intent);
    invoice.next_payment_attempt = store.now(idOf(invoice.customer)) + 3 * 86_400;
    store.emit('invoice.payment_failed', invoice);
    return false;
  }
  if (intent !== undefined) succeed(store, intent);
  markPaid(store, invoice, payment);
  return true;
}

/** The subscription follows its latest invoice: past due after a decline, active again once that is paid. */
function settleSubscription(store: Store, invoice: Stripe.Invoice, paid: boolean): void {
  const subscription = store.subscriptions.get(subscriptionOf(invoice) ?? '');
  if (subscription === undefined || subscription.status === 'canceled') return;
  if (subscription.latest_invoice !== invoice.id) return;
  store.change(subscription, 'customer.subscription.updated', () => {
    if (paid) subscription.status = 'active';
    else if (subscription.status !== 'unpaid') subscription.status = 'past_due';
  });
}

/** Marks an invoice whose money has arrived. */
export function markPaid(store: Store, invoice: Stripe.Invoice, payment: Stripe.InvoicePayment | undefined): void {
  const at = store.now(idOf(invoice.customer));
  invoice.status = 'paid';
  invoice.amount_paid = invoice.amount_due;
  invoice.amount_remaining = 0;
  invoice.attempted = true;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.paid_at = at;
  if (payment !== undefined) {
    payment.status = 'paid';
    payment.amount_paid = payment.amount_requested;
    payment.status_transitions.paid_at = at;
    store.emit('invoice_payment.paid', payment);
  }
  store.emit('invoice.paid', invoice);
  store.emit('invoice.payment_succeeded', invoice);
}

/** Nobody has to pay it any more: a subscription that only waited for it goes on. */
export function voidInvoice(store: Store, invoice: Stripe.Invoice): void {
  invoice.status = 'void';
  invoice.next_payment_attempt = null;
  invoice.status_transitions.voided_at = store.now(idOf(invoice.customer));
  store.emit('invoice.voided', invoice);
  settleSubscription(store, invoice, true);
}

export function paymentOf(store: Store, invoice: Stripe.Invoice): Stripe.InvoicePayment | undefined {
  return [...store.invoicePayments.values()].find((payment) => payment.invoice === invoice.id);
}

/** The id of the subscription an invoice belongs to. */
export function subscriptionOf(invoice: Stripe.Invoice): string | null {
  return idOf(invoice.parent?.subscription_details?.subscription);
}

/** Says which payment intent pays an invoice. */
export function linkPayment(
  store: Store,
  invoice: Stripe.Invoice,
  intent: Stripe.PaymentIntent,
): Stripe.InvoicePayment {
  const payment: Stripe.InvoicePayment = {
    id: store.id('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: store.now(idOf(invoice.customer)),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  };
  store.invoicePayments.set(payment.id, payment);
  return payment;
}

function attachIntent(store: Store, invoice: Stripe.Invoice): void {
  const intent = createIntent(store, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: idOf(invoice.customer),
    email: invoice.customer_email,
    metadata: {},
    description: invoice.billing_reason === 'subscription_create' ? 'Subscription creation' : 'Subscription update',
  });
  linkPayment(store, invoice, intent);
}

function parentOf(subscription: Stripe.Subscription | null): Stripe.Invoice.Parent | null {
  if (subscription === null) return null;
  return {
    quote_details: null,
    // A copy: what the subscription's metadata were when the invoice was made.
    subscription_details: { metadata: { ...subscription.metadata }, subscription: subscription.id },
    type: 'subscription_details',
  };
}
