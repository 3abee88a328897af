import 'server-only';
import type Stripe from 'stripe';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { askStripe, isMissing } from './stripe-client';
import { syncSubscription } from './sync-subscription';

/**
 * Sees to it that nothing is charged to an organization any more: its open payment pages are closed, its subscriptions end.
 * What is paid for runs to the end of its period; what is not (a failed or first payment) ends at once, so that Stripe does
 * not go on trying the card. Asks Stripe, not the database, because an event may still be under way.
 * @throws AppError `payments_unavailable`
 */
export async function endPayments(organizationId: string): Promise<void> {
  if (mockPayments()) return;
  const plan = await db().organizationPlan.findUnique({ where: { organizationId } });
  const customer = plan?.stripeCustomerId;
  if (customer == null) return;
  try {
    // Pages first: one that is paid at this moment makes a subscription that is then found.
    await closePages(customer);
    await endSubscriptions(customer);
    await syncSubscription(customer);
  } catch (error) {
    // A customer that was deleted at Stripe has neither.
    if (!isMissing(error)) throw error;
  }
}

async function closePages(customer: string): Promise<void> {
  const open = await askStripe((stripe) =>
    stripe.checkout.sessions.list({ customer, status: 'open', limit: 100 }).autoPagingToArray({ limit: 1000 }),
  );
  for (const { id } of open) await closePage(id);
}

/** Closes a payment page that is open; one that was paid or has expired is left. @throws AppError `payments_unavailable` */
export async function closePage(id: string): Promise<void> {
  try {
    await askStripe((stripe) => stripe.checkout.sessions.expire(id));
  } catch (error) {
    // It may have been paid or have expired a moment ago.
    const { status } = await askStripe((stripe) => stripe.checkout.sessions.retrieve(id));
    if (status === 'open') throw error;
  }
}

async function endSubscriptions(customer: string): Promise<void> {
  const running = await askStripe((stripe) =>
    stripe.subscriptions
      .list({ customer, limit: 100, expand: ['data.latest_invoice'] })
      .autoPagingToArray({ limit: 1000 }),
  );
  for (const subscription of running) await endOne(subscription);
}

async function endOne(subscription: Stripe.Subscription): Promise<void> {
  const { id, status, cancel_at_period_end } = subscription;
  const draft = draftOf(subscription);
  if ((status !== 'active' && status !== 'trialing') || draft !== null) {
    await askStripe((stripe) => stripe.subscriptions.cancel(id));
    // Cancelling stops the collection of finished invoices only: this one would be finished and charged all the same.
    if (draft !== null) await askStripe((stripe) => stripe.invoices.update(draft, { auto_advance: false }));
  } else if (!cancel_at_period_end) {
    await askStripe((stripe) => stripe.subscriptions.update(id, { cancel_at_period_end: true }));
  }
}

/** For about an hour a renewal is a draft and the subscription active; at the end of it Stripe charges the card. */
function draftOf({ latest_invoice }: Stripe.Subscription): string | null {
  return typeof latest_invoice === 'object' && latest_invoice?.status === 'draft' ? latest_invoice.id : null;
}
