/** Calls about invoices and the payments on them. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { badRequest, declined } from './errors';
import { pendingLineItems, periodLines } from './invoice-lines';
import { draftInvoice, payInvoice, paymentOf, payOffStripe, subscriptionOf, voidInvoice } from './invoices';
import { bool, createdRange, ignored, paging, text } from './params';
import { page, type Route, route, within } from './router';
import { get, idOf, type Store } from './store';
import { type InvoicePreview, invoicePreview } from './subscription-params';
import { currentPeriod, periodEnd, planChange, prorationLines } from './subscriptions';

const invoiceList = z.strictObject({
  ...paging,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
  created: createdRange.optional(),
});

const paymentList = z.strictObject({
  ...paging,
  invoice: text.optional(),
  status: z.enum(['canceled', 'open', 'paid']).optional(),
  payment: z.strictObject({ type: z.literal('payment_intent'), payment_intent: text }).optional(),
});

const invoicePay = z.strictObject({ off_session: ignored.optional(), paid_out_of_band: bool.default(false) });

export function invoiceRoutes(store: Store): Route[] {
  const find = (id: string) => get(store.invoices, 'invoice', id);
  return [
    route('POST', 'invoices/create_preview', invoicePreview, (params) => preview(store, params)),
    route('GET', 'invoices/:id', z.strictObject({}), (_, id = '') => find(id)),
    route('GET', 'invoices/:id/lines', z.strictObject(paging), (params, id = '') =>
      page(`/v1/invoices/${id}/lines`, find(id).lines.data.toReversed(), params),
    ),
    route('GET', 'invoices', invoiceList, (params) => page('/v1/invoices', listInvoices(store, params), params)),
    route('POST', 'invoices/:id', z.strictObject({ auto_advance: bool.optional() }), (params, id = '') => {
      const invoice = find(id);
      if (params.auto_advance !== undefined) invoice.auto_advance = params.auto_advance;
      return invoice;
    }),
    route('POST', 'invoices/:id/pay', invoicePay, ({ paid_out_of_band }, id = '') =>
      pay(store, find(id), paid_out_of_band),
    ),
    route('POST', 'invoices/:id/void', z.strictObject({}), (_, id = '') => {
      const invoice = find(id);
      if (invoice.status !== 'open') throw badRequest('You can only void open invoices.');
      voidInvoice(store, invoice);
      return invoice;
    }),
    route('GET', 'invoice_payments/:id', z.strictObject({}), (_, id = '') =>
      get(store.invoicePayments, 'invoice_payment', id),
    ),
    route('GET', 'invoice_payments', paymentList, (params) => {
      const found = [...store.invoicePayments.values()].filter(
        (payment) =>
          (params.invoice === undefined || payment.invoice === params.invoice) &&
          (params.status === undefined || payment.status === params.status) &&
          (params.payment === undefined || payment.payment.payment_intent === params.payment.payment_intent),
      );
      return page('/v1/invoice_payments', found, params);
    }),
  ];
}

function listInvoices(store: Store, params: z.output<typeof invoiceList>): Stripe.Invoice[] {
  if (params.customer !== undefined) get(store.customers, 'customer', params.customer, 'customer');
  return [...store.invoices.values()].filter(
    (invoice) =>
      (params.customer === undefined || idOf(invoice.customer) === params.customer) &&
      (params.subscription === undefined || subscriptionOf(invoice) === params.subscription) &&
      (params.status === undefined || invoice.status === params.status) &&
      within(invoice.created, params.created),
  );
}

function pay(store: Store, invoice: Stripe.Invoice, outOfBand: boolean): Stripe.Invoice {
  if (invoice.status === 'paid') throw badRequest('Invoice is already paid', { code: 'invoice_already_paid' });
  if (invoice.status !== 'open')
    throw badRequest('This invoice can no longer be paid.', { code: 'invoice_not_editable' });
  if (outOfBand) return payOffStripe(store, invoice);
  const paid = payInvoice(store, invoice, !store.decliningCustomers.has(idOf(invoice.customer) ?? ''));
  if (!paid) throw declined();
  return invoice;
}

/** The invoice that a change, or simply time, would bring; nothing is stored. */
function preview(store: Store, params: InvoicePreview): Stripe.Invoice {
  const subscription = get(store.subscriptions, 'subscription', params.subscription, 'subscription');
  const customer = idOf(subscription.customer) ?? '';
  const details = params.subscription_details;
  const update = {
    items: details?.items,
    proration_behavior: details?.proration_behavior ?? ('create_prorations' as const),
    proration_date: details?.proration_date,
    payment_behavior: 'allow_incomplete' as const,
  };
  const changes = planChange(store, subscription, update);
  const pending = prorationLines(store, subscription, changes, update);
  const now = details?.proration_behavior === 'always_invoice' && pending.length > 0;
  const waiting = now ? [] : (store.pendingLines.get(subscription.id) ?? []);
  const lines = pendingLineItems(store, subscription, [...waiting, ...pending]);
  const { start, end } = currentPeriod(subscription);
  if (!now) {
    const next: Stripe.Subscription = afterChange(subscription, changes);
    const price = next.items.data[0]?.price;
    if (price !== undefined) lines.push(...periodLines(store, next, { start: end, end: periodEnd(end, price) }));
  }
  const invoice = draftInvoice(store, {
    customer,
    lines,
    currency: subscription.currency,
    billingReason: now ? 'subscription_update' : 'subscription_cycle',
    subscription,
    period: { start, end: now ? store.now(customer) : end },
  });
  invoice.id = store.id('upcoming_in');
  return invoice;
}

/** The subscription as it will be after the changes. */
function afterChange(subscription: Stripe.Subscription, changes: ReturnType<typeof planChange>): Stripe.Subscription {
  const data = subscription.items.data.map((item) => {
    const change = changes.find((candidate) => candidate.item.id === item.id);
    return change === undefined ? item : { ...item, price: change.price, quantity: change.quantity };
  });
  return { ...subscription, items: { ...subscription.items, data } };
}

/** `payments` of an invoice, which Stripe sends only when asked to. */
export function paymentsOf(store: Store, invoiceId: string) {
  const invoice = get(store.invoices, 'invoice', invoiceId);
  const payment = paymentOf(store, invoice);
  return {
    object: 'list',
    data: payment === undefined ? [] : [payment],
    has_more: false,
    url: `/v1/invoice_payments?invoice=${invoiceId}`,
  };
}
