import 'server-only';
import { notifyPaymentFailed } from '@/server/billing/notify';
import { cancelDowngrade, movePlanNow, scheduleDowngrade, upgradePlan } from '@/server/credits/ledger/apply-plan';
import { resetMonth } from '@/server/credits/ledger/ledger';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { isLarger } from './larger-plan';
import type { CustomerState, SubscriptionState } from './subscription-state';

/** How long a plan stays after a failed payment, milliseconds (3 days). */
export const GRACE_MS = 3 * 86_400_000;

/**
 * Brings the organization's plan, credits and period to a state of its subscription. Applying a state twice has no second
 * effect. The caller holds the organization's lock.
 * @param eventAt `created` of the event that reported it, if one did
 */
export async function applySubscription(
  tx: Tx,
  organizationId: string,
  subscription: CustomerState,
  eventAt: Date | null,
): Promise<void> {
  if (subscription === null || (subscription !== 'gone' && subscription.status === 'incomplete')) return;
  const before = await planRow(tx, organizationId);
  if (subscription === 'gone' || subscription.status === 'ended') {
    if (before.stripeSubscriptionId !== null) await endPlan(tx, organizationId, before.stripeSubscriptionId);
  } else {
    await applyPayment(tx, organizationId, subscription);
    await applyPending(tx, organizationId, subscription);
    await applyStatus(tx, organizationId, subscription);
  }
  const newest = before.stripeEventAt;
  // Written even when nothing changed: a reader of an older state must see that it is older.
  await tx.organizationPlan.update({
    where: { organizationId },
    data: { stripeEventAt: newest !== null && eventAt !== null && newest > eventAt ? newest : (eventAt ?? newest) },
  });
}

async function planRow(tx: Tx, organizationId: string) {
  const row = await tx.organizationPlan.findUnique({ where: { organizationId }, include: { plan: true } });
  if (row === null) throw notFound('Plan');
  return row;
}

/** What was paid for: a larger plan at once, and the period the invoice was for, with the plan it was for. */
async function applyPayment(tx: Tx, organizationId: string, subscription: SubscriptionState): Promise<void> {
  const { paidPlanId, status, paid, period } = subscription;
  if (status !== 'active' || !paid) return;
  const row = await planRow(tx, organizationId);
  const plan = paidPlanId === null ? row.plan : await tx.plan.findUnique({ where: { id: paidPlanId } });
  if (plan === null) throw notFound(`Plan ${paidPlanId}`);
  const aligned =
    row.periodStart.getTime() === period.start.getTime() && row.periodEnd.getTime() === period.end.getTime();
  if (!aligned) {
    // Whatever was wished for since, the new period begins with the plan that was paid for.
    if (isLarger(row.plan, plan)) await scheduleDowngrade(tx, { organizationId, planId: plan.id });
    else if (paidPlanId !== null && row.pendingPlanId !== null) await cancelDowngrade(tx, organizationId);
    await resetMonth(tx, organizationId, period);
  }
  if (!isLarger(plan, row.plan)) return;
  // After the period has begun: before it, its credits would expire at once. The invoice is what the payment is known by: the
  // same plan paid for again later is another upgrade.
  const payment = subscription.invoiceId ?? `${subscription.id}:${period.start.toISOString()}`;
  await upgradePlan(tx, { organizationId, planId: plan.id, idempotencyKey: `upgrade:${payment}:${plan.id}` });
}

/** What the next period starts with: a smaller plan, none (cancellation), or the same. */
async function applyPending(tx: Tx, organizationId: string, subscription: SubscriptionState): Promise<void> {
  const row = await planRow(tx, organizationId);
  // Once the period is over its end is due as planned; what the next one begins with, its invoice says.
  if (row.periodStart < subscription.period.start) return;
  const nextId = subscription.cancels ? 'free' : subscription.planId;
  const next = await tx.plan.findUnique({ where: { id: nextId } });
  if (next === null) throw notFound(`Plan ${nextId}`);
  if (isLarger(row.plan, next)) {
    if (row.pendingPlanId !== nextId) await scheduleDowngrade(tx, { organizationId, planId: nextId });
  } else if (row.pendingPlanId !== null) {
    await cancelDowngrade(tx, organizationId);
  }
}

async function applyStatus(tx: Tx, organizationId: string, subscription: SubscriptionState): Promise<void> {
  const row = await planRow(tx, organizationId);
  const known = row.stripeSubscriptionId === subscription.id;
  if (subscription.status === 'active') {
    if (known && row.status === 'active') return;
    await setPlan(tx, organizationId, {
      stripeSubscriptionId: subscription.id,
      status: 'active',
      graceUntil: null,
    });
    return;
  }
  // On the free plan there is nothing left that grace could keep.
  if (row.planId === 'free' || (known && row.status !== 'active')) return;
  const graceUntil = new Date(now().getTime() + GRACE_MS);
  await setPlan(tx, organizationId, { stripeSubscriptionId: subscription.id, status: 'past_due', graceUntil });
  await notifyPaymentFailed(tx, { organizationId, planName: row.plan.name, graceUntil });
}

/** The subscription is over: a change that is due comes first, then whatever is left of the paid plan ends. */
async function endPlan(tx: Tx, organizationId: string, subscriptionId: string): Promise<void> {
  await resetMonth(tx, organizationId);
  const { planId } = await planRow(tx, organizationId);
  if (planId !== 'free') {
    const { outcome } = await movePlanNow(tx, {
      organizationId,
      planId: 'free',
      idempotencyKey: `ended:${subscriptionId}:${await lastEntry(tx, organizationId)}`,
      reason: 'Subscription ended',
    });
    if (outcome === 'replayed') throw new Error(`the ${planId} plan of ${organizationId} did not end`);
  }
  // Without a subscription the months go on by themselves, on the free plan.
  await setPlan(tx, organizationId, { stripeSubscriptionId: null, status: 'canceled', graceUntil: null });
}

/** One subscription can end a plan more than once, when it was paid for in between: what came since tells the ends apart. */
async function lastEntry(tx: Tx, organizationId: string): Promise<string> {
  const last = await tx.creditEntry.findFirst({
    where: { organizationId },
    orderBy: { seq: 'desc' },
    select: { seq: true },
  });
  return String(last?.seq ?? 0);
}

async function setPlan(
  tx: Tx,
  organizationId: string,
  data: { stripeSubscriptionId: string | null; status: 'active' | 'past_due' | 'canceled'; graceUntil: Date | null },
): Promise<void> {
  await tx.organizationPlan.update({ where: { organizationId }, data: { ...data, updatedAt: now() } });
}
