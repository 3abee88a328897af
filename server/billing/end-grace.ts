import 'server-only';
import { movePlanNow } from '@/server/credits/change-plan';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { notifyGraceEnded } from './notify';
import { askStripe, isMissing } from './stripe-client';

/**
 * Ends the plans whose payment failed and whose grace is over: the subscription at Stripe first, so that nobody is charged
 * for what they no longer have, then the plan. Run again after a failure it goes on where it stopped. Asks Stripe, so it
 * must not be called inside a transaction. @returns how many plans ended
 */
export async function endGrace(client: Client): Promise<number> {
  const due = await client.organizationPlan.findMany({
    where: { status: 'past_due', graceUntil: { lte: now() } },
    include: { plan: { select: { name: true } } },
  });
  for (const { organizationId, stripeSubscriptionId, graceUntil, planId, plan } of due) {
    if (stripeSubscriptionId !== null && !mockPayments()) await cancelAtStripe(stripeSubscriptionId);
    if (planId !== 'free') {
      await movePlanNow(client, {
        organizationId,
        planId: 'free',
        idempotencyKey: `grace:${stripeSubscriptionId ?? organizationId}:${graceUntil?.toISOString() ?? ''}`,
        reason: 'Not paid',
      });
    }
    const ended = await client.organizationPlan.updateMany({
      where: { organizationId, status: 'past_due' },
      data: { stripeSubscriptionId: null, status: 'canceled', graceUntil: null, updatedAt: now() },
    });
    if (ended.count > 0) await notifyGraceEnded(client, { organizationId, planName: plan.name });
  }
  return due.length;
}

async function cancelAtStripe(subscriptionId: string): Promise<void> {
  try {
    await askStripe((stripe) => stripe.subscriptions.cancel(subscriptionId));
  } catch (error) {
    // Cancelled already, by an earlier run or at Stripe.
    if (!isMissing(error)) throw error;
  }
}
