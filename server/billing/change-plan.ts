import 'server-only';
import type Stripe from 'stripe';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { AppError, notFound } from '@/server/platform/errors';
import { planById, stripePriceOf } from './catalogue';
import { changePlanLocally } from './change-plan-locally';
import { openSubscriptionCheckout, type PlanWish } from './open-subscription-checkout';
import type { PlanChange } from './schema';
import { askStripe } from './stripe-client';
import { FORMER_PRICE, readSubscription, type SubscriptionState } from './subscription-state';
import { syncSubscription } from './sync-subscription';

/**
 * Moves the organization to a plan: a larger one at once (paid for its part of the period), a smaller one when the period
 * ends; the present one takes back a scheduled change.
 * @throws AppError `not_found`, `conflict` (the last payment failed), `payment_declined`, `payments_unavailable`
 */
export async function changePlan(input: PlanWish): Promise<PlanChange> {
  const { organizationId } = input;
  const target = await planById(input.planId);
  const row = await db().organizationPlan.findUnique({ where: { organizationId }, include: { plan: true } });
  if (row === null) throw notFound('Plan');
  const local = () => changePlanLocally({ organizationId, userId: input.userId, current: row, target });
  if (mockPayments()) return local();
  const wantsMore = target.monthlyMicro > row.plan.monthlyMicro;
  const subscription = row.stripeCustomerId === null ? null : await readSubscription(row.stripeCustomerId);
  if (row.stripeCustomerId === null || subscription === null || !isLive(subscription)) {
    if (!wantsMore) return local();
    return { outcome: 'checkout', url: await openSubscriptionCheckout(input), at: null };
  }
  if (subscription.status === 'past_due' && target.priceUsdCents > 0) throw paymentFirst();
  if (wantsMore) await upgrade(subscription, await stripePriceOf(target));
  else if (target.id === row.planId) await keepPlan(subscription, target);
  else await switchAtPeriodEnd(subscription, target, row.planId);
  await syncSubscription(row.stripeCustomerId);
  return wantsMore ? { outcome: 'changed', url: null, at: null } : planAfterwards(organizationId);
}

function isLive(subscription: SubscriptionState): boolean {
  return subscription.status === 'active' || subscription.status === 'past_due';
}

function paymentFirst(): AppError {
  return new AppError('conflict', 'the subscription is past due', {
    userMessage: 'The last payment failed. Update the payment method first, then change the plan.',
    details: { reason: 'past_due' },
  });
}

/**
 * Charges the rest of the period's difference now, or changes nothing when the card declines. Setting a price that is set
 * already does nothing at Stripe, so no key of ours is needed (one would replay an earlier change of the same kind).
 */
async function upgrade(subscription: SubscriptionState, price: string): Promise<void> {
  await updateSubscription(subscription.id, {
    cancel_at_period_end: false,
    items: [{ id: subscription.itemId, price }],
    proration_behavior: 'always_invoice',
    payment_behavior: 'error_if_incomplete',
  });
}

/** A paid plan: its price from the next invoice on. The free one: no next invoice. */
async function switchAtPeriodEnd(
  subscription: SubscriptionState,
  target: { id: string; name: string; priceUsdCents: number },
  currentPlanId: string,
): Promise<void> {
  if (target.priceUsdCents <= 0) {
    await updateSubscription(subscription.id, { cancel_at_period_end: true });
    return;
  }
  // Another downgrade that is scheduled already remembers it.
  const former = subscription.planId === currentPlanId ? { metadata: { [FORMER_PRICE]: subscription.priceId } } : {};
  await updateSubscription(subscription.id, {
    cancel_at_period_end: false,
    items: [{ id: subscription.itemId, price: await stripePriceOf(target) }],
    proration_behavior: 'none',
    ...former,
  });
}

/**
 * The present plan goes on after all, at the price the subscription has: whoever takes back a change stands as if it had not
 * been made. A price of the plan that is new since then is for new subscriptions and for changes to that plan.
 */
async function keepPlan(
  subscription: SubscriptionState,
  plan: { id: string; name: string; priceUsdCents: number },
): Promise<void> {
  if (subscription.planId === plan.id) {
    if (subscription.cancels) await updateSubscription(subscription.id, { cancel_at_period_end: false });
    return;
  }
  const price = subscription.formerPriceId ?? (await stripePriceOf(plan));
  await updateSubscription(subscription.id, {
    cancel_at_period_end: false,
    items: [{ id: subscription.itemId, price }],
    proration_behavior: 'none',
  });
}

function updateSubscription(id: string, params: Stripe.SubscriptionUpdateParams): Promise<Stripe.Subscription> {
  return askStripe((stripe) => stripe.subscriptions.update(id, params));
}

/** What is planned now that a change without an immediate effect was made. */
async function planAfterwards(organizationId: string): Promise<PlanChange> {
  const row = await db().organizationPlan.findUnique({ where: { organizationId } });
  if (row?.pendingPlanId == null) return { outcome: 'unchanged', url: null, at: null };
  return { outcome: 'scheduled', url: null, at: row.pendingFrom };
}
