import 'server-only';
import { openSubscriptionCheckout, type PlanWish } from '@/server/billing/checkout/open-subscription-checkout';
import type { PlanChange } from '@/server/billing/schema';
import { cancelDowngrade, scheduleDowngrade, upgradePlan } from '@/server/credits/ledger/apply-plan';
import { db, inTx } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { AppError, notFound } from '@/server/platform/errors';
import { endNow } from './end-subscription-now';
import { isLarger, type PlanSize } from './larger-plan';
import { planById, stripePriceOf } from './plan-prices';
import { readSubscription, type SubscriptionState } from './subscription-state';
import { syncSubscription } from './sync-subscription';
import { cancelAtPeriodEnd, keepPlan, switchAtPeriodEnd, upgrade } from './update-subscription';
import { pendingSince } from './view-billing';

/**
 * Moves the organization to a plan: a larger one at once (paid for its part of the period), a smaller one when the period
 * ends; the present one takes back a scheduled change. A plan whose payment failed ends at once when it is cancelled.
 * @throws AppError `not_found`, `conflict` (the last payment failed, or the plan is just changing), `payment_declined`,
 *   `payments_unavailable`
 */
export async function changePlan(input: PlanWish): Promise<PlanChange> {
  const { organizationId } = input;
  const target = await planById(input.planId);
  const before = await planRow(organizationId);
  const { row, subscription } = mockPayments() ? { row: before, subscription: null } : await present(before, target);
  const local = () => changePlanLocally({ organizationId, userId: input.userId, current: row, target });
  if (mockPayments()) return local();
  const wantsMore = isLarger(target, row.plan);
  if (row.stripeCustomerId === null || subscription === null) {
    if (!wantsMore) return local();
    return { outcome: 'checkout', url: await openSubscriptionCheckout(input), at: null };
  }
  if (target.priceUsdCents <= 0) return cancel(row.stripeCustomerId, subscription);
  if (subscription.status === 'past_due') throw paymentFirst();
  if (wantsMore) await upgrade(subscription, await stripePriceOf(target));
  else if (target.id === row.planId) await keepPlan(subscription, target);
  else await switchAtPeriodEnd(subscription, target, row.planId);
  await readBack(row.stripeCustomerId);
  // Another tab may have made the same upgrade a moment ago.
  return isLarger(target, before.plan) ? { outcome: 'changed', url: null, at: null } : planAfterwards(organizationId);
}

interface LocalChange {
  organizationId: string;
  userId: string;
  current: { planId: string; periodStart: Date; pendingPlanId: string | null; plan: PlanSize };
  target: PlanSize & { id: string };
}

/** A change of plan that no subscription at Stripe stands behind: the same ledger functions, nothing to pay. */
async function changePlanLocally({ organizationId, userId, current, target }: LocalChange): Promise<PlanChange> {
  if (isLarger(target, current.plan)) {
    const idempotencyKey = `upgrade:local:${organizationId}:${current.periodStart.toISOString()}:${current.planId}:${target.id}`;
    const { outcome } = await inTx((tx) =>
      upgradePlan(tx, { organizationId, planId: target.id, idempotencyKey, userId }),
    );
    return { outcome: outcome === 'not_an_upgrade' ? 'unchanged' : 'changed', url: null, at: null };
  }
  if (isLarger(current.plan, target)) {
    const { from } = await inTx((tx) => scheduleDowngrade(tx, { organizationId, planId: target.id }));
    return { outcome: 'scheduled', url: null, at: from };
  }
  if (current.pendingPlanId === null) return { outcome: 'unchanged', url: null, at: null };
  await inTx((tx) => cancelDowngrade(tx, organizationId));
  return { outcome: 'changed', url: null, at: null };
}

/** What is paid for, or is just being paid, runs to its end. What is not ends now, so that the card is not tried again. */
async function cancel(customer: string, subscription: SubscriptionState): Promise<PlanChange> {
  const unpaid = subscription.status === 'past_due';
  if (unpaid) await endNow({ customer, subscriptionId: subscription.id });
  else await cancelAtPeriodEnd(subscription);
  await readBack(customer);
  return unpaid
    ? { outcome: 'changed', url: null, at: null }
    : { outcome: 'scheduled', url: null, at: subscription.period.end };
}

/** Applies what Stripe says after a change. A failure must not look as if the change had not been made. */
async function readBack(customer: string): Promise<void> {
  try {
    await syncSubscription(customer);
  } catch (error) {
    throw new AppError('payments_unavailable', 'a plan was changed at Stripe and could not be read back', {
      userMessage:
        'The plan was changed at the payment service, but could not be read back yet. It shows here within a few minutes: look again before you change it once more.',
      details: { reason: 'changed_at_stripe' },
      cause: error,
    });
  }
}

async function planRow(organizationId: string) {
  const row = await db().organizationPlan.findUnique({ where: { organizationId }, include: { plan: true } });
  if (row === null) throw notFound('Plan');
  return row;
}

type PlanRow = Awaited<ReturnType<typeof planRow>>;

interface Present {
  row: PlanRow;
  /** Null when none is running. */
  subscription: SubscriptionState | null;
}

/**
 * The plan and the subscription to change. A change is made only from a state that is known here: what Stripe did since
 * (a renewal, the end, an upgrade in another tab) is applied first, and if the plan is another one then, the wish was about
 * something else. Ending the subscription is right in any state.
 */
async function present(before: PlanRow, target: { id: string; priceUsdCents: number }): Promise<Present> {
  const customerId = before.stripeCustomerId;
  if (customerId === null) return { row: before, subscription: null };
  const found = running(await readSubscription(customerId));
  if (await isKnown(before, found)) return { row: before, subscription: found };
  await syncSubscription(customerId);
  const row = await planRow(before.organizationId);
  if (row.planId !== before.planId && row.planId !== target.id) throw changedAtStripe(row.plan.name);
  const subscription = running(await readSubscription(customerId));
  const settled = subscription === null || subscription.status === 'past_due' || target.priceUsdCents <= 0;
  if (!settled && !(await isKnown(row, subscription))) throw stillBeingPaid();
  return { row, subscription };
}

function running(state: Awaited<ReturnType<typeof readSubscription>>): SubscriptionState | null {
  if (state === null || state === 'gone') return null;
  return state.status === 'active' || state.status === 'past_due' ? state : null;
}

/** Whether what Stripe says has been applied: the running subscription, its period, and no larger plan than the row's. */
async function isKnown(row: PlanRow, subscription: SubscriptionState | null): Promise<boolean> {
  if (subscription === null || row.stripeSubscriptionId === null)
    return (subscription?.id ?? null) === row.stripeSubscriptionId;
  // The new period of a subscription that is not paid does not begin here.
  if (subscription.status === 'active' && subscription.period.start > row.periodStart) return false;
  return !isLarger(await planById(subscription.planId), row.plan);
}

function changedAtStripe(planName: string): AppError {
  return new AppError('conflict', 'the plan changed at Stripe in between', {
    userMessage: `The plan has changed in between: it is ${planName} now. Nothing else was changed; look at it and choose again.`,
    details: { reason: 'plan_changed' },
  });
}

function stillBeingPaid(): AppError {
  return new AppError('conflict', 'a payment for the subscription is under way', {
    userMessage: 'A payment for the plan is under way at the moment. Nothing was changed; try again in an hour.',
    details: { reason: 'payment_pending' },
  });
}

function paymentFirst(): AppError {
  return new AppError('conflict', 'the subscription is past due', {
    userMessage: 'The last payment failed. Update the payment method first, then change the plan.',
    details: { reason: 'past_due' },
  });
}

/** What is planned now that a change without an immediate effect was made. */
async function planAfterwards(organizationId: string): Promise<PlanChange> {
  const row = await planRow(organizationId);
  if (row.pendingPlanId === null) return { outcome: 'unchanged', url: null, at: null };
  return { outcome: 'scheduled', url: null, at: pendingSince(row) };
}
