/** Subscriptions: how they start, change and end. Renewal is in renewal.ts. */
import type Stripe from 'stripe';
import { blankSubscription } from './blank-billing';
import { checkSellable } from './catalogue';
import { badRequest, declined, requiresAction } from './errors';
import { type Period, pendingLineItems, prorate } from './invoice-lines';
import { openInvoice, payInvoice } from './invoices';
import { mergeMetadata } from './params';
import { planOf } from './plan';
import { get, idOf, type PendingLine, type Store, snapshot } from './store';
import type { SubscriptionUpdate } from './subscription-params';

export interface NewSubscription {
  customer: string;
  currency: string;
  items: { price: Stripe.Price; quantity: number }[];
  metadata: Record<string, string>;
  description: string | null;
}

/** An active subscription whose first period starts now; the caller makes and pays its invoice. */
export function createSubscription(store: Store, given: NewSubscription): Stripe.Subscription {
  const id = store.id('sub');
  const at = store.now(given.customer);
  const first = given.items[0];
  if (first === undefined) throw badRequest('A subscription needs an item.', { param: 'items' });
  const period = { start: at, end: periodEnd(at, first.price) };
  const items = given.items.map((item) => createItem(store, id, item, period));
  const subscription: Stripe.Subscription = {
    ...blankSubscription(),
    id,
    billing_cycle_anchor: at,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: at },
    created: at,
    currency: given.currency,
    customer: given.customer,
    default_payment_method: store.id('pm'),
    description: given.description,
    items: { object: 'list', data: items, has_more: false, url: `/v1/subscription_items?subscription=${id}` },
    metadata: { ...given.metadata },
    start_date: at,
  };
  store.subscriptions.set(id, subscription);
  return subscription;
}

function createItem(
  store: Store,
  subscription: string,
  given: { price: Stripe.Price; quantity: number },
  period: Period,
): Stripe.SubscriptionItem {
  return {
    id: store.id('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: period.start,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(given.price),
    price: given.price,
    quantity: given.quantity,
    subscription,
    tax_rates: [],
  };
}

/** The end of a period that starts at `start` (Unix seconds): the same day of the next month, or its last day. */
export function periodEnd(start: number, price: Stripe.Price): number {
  const recurring = price.recurring;
  if (recurring === null) {
    throw badRequest('The price specified is set to `type=one_time` but this field only accepts recurring prices.');
  }
  const count = recurring.interval_count;
  if (recurring.interval === 'day') return start + count * 86_400;
  if (recurring.interval === 'week') return start + count * 7 * 86_400;
  const date = new Date(start * 1000);
  const months = date.getUTCMonth() + count * (recurring.interval === 'year' ? 12 : 1);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), months + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay);
  const time = date.getTime() % 86_400_000;
  return Math.floor((Date.UTC(date.getUTCFullYear(), months, day) + time) / 1000);
}

export function currentPeriod(subscription: Stripe.Subscription): Period {
  const item = subscription.items.data[0];
  if (item === undefined) throw new Error(`subscription ${subscription.id} has no item`);
  return { start: item.current_period_start, end: item.current_period_end };
}

interface ItemChange {
  item: Stripe.SubscriptionItem;
  price: Stripe.Price;
  quantity: number;
}

/** What an update would do to the items, checked but not done. */
export function planChange(store: Store, subscription: Stripe.Subscription, params: SubscriptionUpdate): ItemChange[] {
  return (params.items ?? []).map((wanted, index) => {
    const item = subscription.items.data.find((candidate) => candidate.id === wanted.id);
    if (item === undefined) {
      // Stripe would add a second item, which is hardly ever what a plan change means: said aloud instead.
      const what = `names no item of ${subscription.id}; adding items is not supported by this fake`;
      throw badRequest(`items[${index}][id] ${what}`, { param: `items[${index}][id]` });
    }
    const price =
      wanted.price === undefined ? item.price : get(store.prices, 'price', wanted.price, `items[${index}][price]`);
    if (price.id !== item.price.id) checkSellable(store, price, `items[${index}][price]`);
    if (price.recurring?.interval !== item.price.recurring?.interval) {
      throw badRequest('Changing the billing interval is not supported by this fake', {
        param: `items[${index}][price]`,
      });
    }
    return { item, price, quantity: wanted.quantity ?? item.quantity ?? 1 };
  });
}

/** The credit and the charge that a change of items means from now to the end of the period. */
export function prorationLines(
  store: Store,
  subscription: Stripe.Subscription,
  changes: ItemChange[],
  params: SubscriptionUpdate,
): PendingLine[] {
  if (params.proration_behavior === 'none') return [];
  const at = params.proration_date ?? store.now(idOf(subscription.customer));
  return changes
    .filter(({ item, price, quantity }) => price.id !== item.price.id || quantity !== item.quantity)
    .flatMap((change) => prorate(store, { ...change, at }));
}

/** `POST /v1/subscriptions/:id`. */
export function updateSubscription(
  store: Store,
  subscription: Stripe.Subscription,
  params: SubscriptionUpdate,
): Stripe.Subscription {
  if (subscription.status === 'canceled' && params.items !== undefined) {
    throw badRequest(`No such subscription: '${subscription.id}'`, { code: 'resource_missing', param: 'id' });
  }
  const changes = planChange(store, subscription, params);
  const lines = prorationLines(store, subscription, changes, params);
  const invoiceNow = params.proration_behavior === 'always_invoice' && lines.length > 0;
  const works = !store.decliningCustomers.has(idOf(subscription.customer) ?? '');
  if (invoiceNow && params.payment_behavior === 'error_if_incomplete' && sum(lines) > 0) {
    if (!works) throw declined();
    if (store.askingCustomers.has(idOf(subscription.customer) ?? '')) throw requiresAction();
  }
  if (!invoiceNow && lines.length > 0) {
    store.pendingLines.set(subscription.id, [...(store.pendingLines.get(subscription.id) ?? []), ...lines]);
  }
  let invoice: Stripe.Invoice | undefined;
  // The lines name the old prices: they are written before the items change.
  const invoiceLines = pendingLineItems(store, subscription, lines);
  store.change(subscription, 'customer.subscription.updated', () => {
    applyItems(changes);
    applyFields(store, subscription, params);
    if (invoiceNow) {
      invoice = openInvoice(store, {
        customer: idOf(subscription.customer) ?? '',
        lines: invoiceLines,
        currency: subscription.currency,
        billingReason: 'subscription_update',
        subscription,
        period: { start: currentPeriod(subscription).start, end: store.now(idOf(subscription.customer)) },
      });
      subscription.latest_invoice = invoice.id;
      if (!works && invoice.amount_due > 0) subscription.status = 'past_due';
    }
  });
  if (invoice !== undefined) payInvoice(store, invoice, works);
  return subscription;
}

function sum(lines: PendingLine[]): number {
  return lines.reduce((total, line) => total + line.amount, 0);
}

function applyItems(changes: ItemChange[]): void {
  for (const { item, price, quantity } of changes) {
    item.price = price;
    item.plan = planOf(price);
    item.quantity = quantity;
  }
}

function applyFields(store: Store, subscription: Stripe.Subscription, params: SubscriptionUpdate): void {
  subscription.metadata = mergeMetadata(subscription.metadata, params.metadata);
  if (params.description !== undefined) subscription.description = params.description;
  const end = cancellation(subscription, params);
  if (end === undefined) return;
  subscription.cancel_at_period_end = params.cancel_at_period_end ?? false;
  subscription.cancel_at = end;
  subscription.canceled_at = end === null ? null : store.now(idOf(subscription.customer));
  subscription.cancellation_details = {
    comment: params.cancellation_details?.comment ?? null,
    feedback: params.cancellation_details?.feedback ?? null,
    feedback_option: null,
    reason: end === null ? null : 'cancellation_requested',
  };
}

/**
 * When the subscription is to end from now on; undefined leaves that as it is. With flexible billing a date stands by itself
 * (that is how the portal cancels), and taking back the end with the period does not take back a date.
 */
function cancellation(subscription: Stripe.Subscription, params: SubscriptionUpdate): number | null | undefined {
  if (params.cancel_at !== undefined && params.cancel_at_period_end !== undefined)
    throw badRequest('You may only pass one of `cancel_at` and `cancel_at_period_end`.', { param: 'cancel_at' });
  if (params.cancel_at_period_end === true) return currentPeriod(subscription).end;
  if (params.cancel_at_period_end === false) return subscription.cancel_at_period_end ? null : undefined;
  return params.cancel_at;
}

export type EndReason = 'cancellation_requested' | 'payment_failed' | 'payment_disputed';

/** The end of a subscription; nothing is paid back (`prorate` credits the unused time to the customer's balance). */
export function endSubscription(
  store: Store,
  subscription: Stripe.Subscription,
  reason: EndReason,
  options: { prorate?: boolean } = {},
): Stripe.Subscription {
  const customer = idOf(subscription.customer);
  const at = store.now(customer);
  if (options.prorate === true) creditUnused(store, subscription, at);
  subscription.status = 'canceled';
  subscription.ended_at = at;
  subscription.canceled_at ??= at;
  subscription.cancellation_details = {
    comment: subscription.cancellation_details?.comment ?? null,
    feedback: subscription.cancellation_details?.feedback ?? null,
    feedback_option: null,
    reason,
  };
  store.emit('customer.subscription.deleted', snapshot<Stripe.Subscription>(subscription));
  return subscription;
}

function creditUnused(store: Store, subscription: Stripe.Subscription, at: number): void {
  const customer = store.customers.get(idOf(subscription.customer) ?? '');
  if (customer === undefined) return;
  const unused = subscription.items.data
    .flatMap((item) => prorate(store, { item, price: item.price, quantity: item.quantity ?? 1, at }))
    .filter((line) => line.amount < 0);
  store.change(customer, 'customer.updated', () => {
    customer.balance += sum(unused);
  });
}
