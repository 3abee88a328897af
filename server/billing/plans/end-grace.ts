import 'server-only';
import { lockAccount } from '@/server/billing/lock-account';
import { notifyGraceEnded } from '@/server/billing/notify';
import { movePlanNow } from '@/server/credits/ledger/apply-plan';
import { now } from '@/server/platform/clock';
import { type Client, db, inTx } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { logger } from '@/server/platform/logger';
import { endNow } from './end-subscription-now';
import { syncSubscription } from './sync-subscription';

/**
 * Ends the plans whose payment failed and whose grace is over: the subscription at Stripe first, so that nobody is charged
 * for what they no longer have, then the plan. Run again after a failure it goes on where it stopped. Asks Stripe, so it
 * must not be called inside a transaction. @returns how many plans ended
 */
export async function endGrace(client: Client): Promise<number> {
  const due = await client.organizationPlan.findMany({
    where: { status: 'past_due', graceUntil: { lte: now() } },
    select: { organizationId: true },
  });
  let ended = 0;
  let failed: unknown = null;
  for (const { organizationId } of due) {
    try {
      if (await endOne(organizationId)) ended++;
    } catch (error) {
      // One organization that Stripe refuses does not keep the others waiting.
      logger().error({ err: error, organizationId }, 'the grace of a plan could not be ended');
      failed = error;
    }
  }
  if (failed !== null) throw failed;
  return ended;
}

async function endOne(organizationId: string): Promise<boolean> {
  const before = await overdue(db(), organizationId);
  if (before === null) return false;
  const { stripeCustomerId, stripeSubscriptionId } = before;
  if (stripeSubscriptionId !== null && stripeCustomerId !== null && !mockPayments()) {
    // It may have been paid since, and the event be under way: what Stripe says now decides.
    await syncSubscription(stripeCustomerId);
    if ((await overdue(db(), organizationId)) === null) return false;
    await endNow({ customer: stripeCustomerId, subscriptionId: stripeSubscriptionId });
  }
  return inTx(async (tx) => {
    await lockAccount(tx, organizationId);
    const row = await overdue(tx, organizationId);
    if (row === null) return false;
    if (row.planId !== 'free') {
      await movePlanNow(tx, {
        organizationId,
        planId: 'free',
        idempotencyKey: `grace:${stripeSubscriptionId ?? organizationId}:${before.graceUntil?.toISOString() ?? ''}`,
        reason: 'Not paid',
      });
    }
    await tx.organizationPlan.updateMany({
      where: { organizationId },
      data: { stripeSubscriptionId: null, status: 'canceled', graceUntil: null, updatedAt: now() },
    });
    await notifyGraceEnded(tx, { organizationId, planName: row.plan.name });
    return true;
  });
}

/** The plan while it is unpaid after its grace, else null. */
async function overdue(client: Client, organizationId: string) {
  return client.organizationPlan.findFirst({
    where: { organizationId, status: 'past_due', graceUntil: { lte: now() } },
    include: { plan: { select: { name: true } } },
  });
}
