/** What time does to a subscription: renewal, failed payment, another try, the end. */
import type Stripe from 'stripe';
import { pendingLineItems, periodLines } from './invoice-lines';
import { openInvoice, payInvoice } from './invoices';
import { get, idOf, type Store } from './store';
import { currentPeriod, endSubscription, periodEnd } from './subscriptions';

/**
 * Moves the customer's clock to the end of the current period and does what Stripe does there: a subscription that was
 * cancelled ends, any other gets its next period and the invoice for it, which is paid or declined.
 */
export function advancePeriod(store: Store, id: string, options: { paymentFails?: boolean } = {}): Stripe.Subscription {
  const subscription = get(store.subscriptions, 'subscription', id);
  if (subscription.status === 'canceled') throw new Error(`subscription ${id} has ended`);
  const customer = idOf(subscription.customer) ?? '';
  const { end } = currentPeriod(subscription);
  store.moveClock(customer, end);
  const { cancel_at } = subscription;
  if (subscription.cancel_at_period_end || (cancel_at !== null && cancel_at <= end))
    return endSubscription(store, subscription, 'cancellation_requested');
  const price = subscription.items.data[0]?.price;
  if (price === undefined) throw new Error(`subscription ${id} has no item`);
  const next = { start: end, end: periodEnd(end, price) };
  const waiting = pendingLineItems(store, subscription, store.pendingLines.get(id) ?? []);
  store.pendingLines.delete(id);
  let invoice: Stripe.Invoice | undefined;
  store.change(subscription, 'customer.subscription.updated', () => {
    for (const item of subscription.items.data) {
      item.current_period_start = next.start;
      item.current_period_end = next.end;
    }
    invoice = openInvoice(store, {
      customer,
      lines: [...waiting, ...periodLines(store, subscription, next)],
      currency: subscription.currency,
      billingReason: 'subscription_cycle',
      subscription,
      // As at Stripe: an invoice's own period is the one that lies behind, its lines carry the one that is paid for.
      period: { start: next.start, end: next.start },
    });
    subscription.latest_invoice = invoice.id;
  });
  if (invoice !== undefined) {
    const works = !(options.paymentFails ?? store.decliningCustomers.has(customer));
    payInvoice(store, invoice, works);
  }
  return subscription;
}

/**
 * Tries the subscription's open invoice again, as Stripe does some days after a decline. `final`: Stripe gives up if it
 * declines again, and the subscription ends.
 */
export function retryPayment(
  store: Store,
  id: string,
  options: { paymentFails?: boolean; final?: boolean } = {},
): Stripe.Subscription {
  const subscription = get(store.subscriptions, 'subscription', id);
  const invoice = store.invoices.get(idOf(subscription.latest_invoice) ?? '');
  if (invoice === undefined || invoice.status !== 'open') throw new Error(`subscription ${id} has no open invoice`);
  const customer = idOf(subscription.customer) ?? '';
  if (invoice.next_payment_attempt !== null) store.moveClock(customer, invoice.next_payment_attempt);
  const works = !(options.paymentFails ?? store.decliningCustomers.has(customer));
  const paid = payInvoice(store, invoice, works);
  if (!paid && options.final === true) endSubscription(store, subscription, 'payment_failed');
  return subscription;
}
