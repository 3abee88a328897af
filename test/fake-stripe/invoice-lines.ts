/** Lines of invoices: a period of a subscription, and the two sides of a change in mid-period. */
import Stripe from 'stripe';
import { money } from './html';
import { idOf, type PendingLine, type Store } from './store';

export interface Period {
  /** Unix seconds. */
  start: number;
  end: number;
}

interface NewLine {
  amount: number;
  currency: string;
  description: string;
  price: Stripe.Price;
  quantity: number;
  period: Period;
  subscription: string | null;
  itemId: string | null;
  proration: boolean;
  metadata: Record<string, string>;
}

export function createLine(store: Store, given: NewLine): Stripe.InvoiceLineItem {
  return {
    id: store.id('il'),
    object: 'line_item',
    amount: given.amount,
    currency: given.currency,
    description: given.description,
    discount_amounts: [],
    discountable: !given.proration,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: given.metadata,
    parent:
      given.itemId === null
        ? {
            invoice_item_details: {
              invoice_item: store.id('ii'),
              proration: false,
              proration_details: null,
              subscription: null,
            },
            subscription_item_details: null,
            type: 'invoice_item_details',
          }
        : {
            invoice_item_details: null,
            subscription_item_details: {
              invoice_item: given.proration ? store.id('ii') : null,
              proration: given.proration,
              proration_details: given.proration ? { credited_items: null } : null,
              subscription: given.subscription,
              subscription_item: given.itemId,
            },
            type: 'subscription_item_details',
          },
    period: given.period,
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: given.price.id, product: idOf(given.price.product) ?? '' },
      type: 'price_details',
      unit_amount_decimal: given.price.unit_amount_decimal,
    },
    quantity: given.quantity,
    quantity_decimal: Stripe.Decimal.from(given.quantity),
    subscription: given.subscription,
    subtotal: given.amount,
    taxes: [],
  };
}

/** The full price of one period, for every item of a subscription. */
export function periodLines(store: Store, subscription: Stripe.Subscription, period: Period): Stripe.InvoiceLineItem[] {
  return subscription.items.data.map((item) =>
    createLine(store, {
      amount: (item.price.unit_amount ?? 0) * (item.quantity ?? 1),
      currency: subscription.currency,
      description: `${item.quantity ?? 1} × ${productName(store, item.price)} (at ${priceText(item.price)})`,
      price: item.price,
      quantity: item.quantity ?? 1,
      period,
      subscription: subscription.id,
      itemId: item.id,
      proration: false,
      metadata: { ...subscription.metadata },
    }),
  );
}

/** Amounts of a change in mid-period, as lines of an invoice. */
export function pendingLineItems(
  store: Store,
  subscription: Stripe.Subscription,
  pending: PendingLine[],
): Stripe.InvoiceLineItem[] {
  return pending.map((line) =>
    createLine(store, {
      amount: line.amount,
      currency: subscription.currency,
      description: line.description,
      price: line.price,
      quantity: 1,
      period: line.period,
      subscription: subscription.id,
      itemId: line.itemId,
      proration: true,
      metadata: { ...subscription.metadata },
    }),
  );
}

/**
 * Credit for the old price's unused time and charge for the new price's, both from `at` to the period's end, to the
 * second, each rounded to a whole cent as Stripe rounds them.
 */
export function prorate(
  store: Store,
  change: { item: Stripe.SubscriptionItem; price: Stripe.Price; quantity: number; at: number },
): PendingLine[] {
  const { item, price, quantity, at } = change;
  const period = { start: at, end: item.current_period_end };
  const whole = item.current_period_end - item.current_period_start;
  const share = Math.min(1, Math.max(0, (item.current_period_end - at) / whole));
  const lines: PendingLine[] = [];
  const add = (amount: number, of: Stripe.Price, words: string) => {
    lines.push({
      amount: Math.round(amount * share),
      description: `${words} ${productName(store, of)} after ${new Date(at * 1000).toISOString().slice(0, 10)}`,
      price: of,
      itemId: item.id,
      period,
    });
  };
  add(-(item.price.unit_amount ?? 0) * (item.quantity ?? 1), item.price, 'Unused time on');
  add((price.unit_amount ?? 0) * quantity, price, 'Remaining time on');
  return lines;
}

export function productName(store: Store, price: Stripe.Price): string {
  return store.products.get(idOf(price.product) ?? '')?.name ?? 'Product';
}

function priceText(price: Stripe.Price): string {
  const per = price.recurring === null ? '' : ` / ${price.recurring.interval}`;
  return `${money(price.unit_amount ?? 0, price.currency)}${per}`;
}
