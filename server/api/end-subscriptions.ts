import 'server-only';
import { cancelPlan } from '@/server/billing/cancel-plan';
import { db } from '@/server/platform/db';

/**
 * Ends the running subscriptions of organizations that are about to be deleted, so that nobody is charged again. It happens
 * first: when Stripe does not answer, nothing was deleted; should the deletion fail after it, the plan only ends with its period.
 * @throws AppError `payments_unavailable`
 */
export async function endSubscriptions(userId: string, organizationIds: readonly string[]): Promise<void> {
  const running = await db().organizationPlan.findMany({
    where: {
      organizationId: { in: [...organizationIds] },
      stripeSubscriptionId: { not: null },
      status: { not: 'canceled' },
    },
    select: { organizationId: true },
  });
  for (const { organizationId } of running) await cancelPlan({ organizationId, userId });
}
