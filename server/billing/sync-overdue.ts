import 'server-only';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { logger } from '@/server/platform/logger';
import { syncSubscription } from './sync-subscription';

/** A renewal's events come within minutes; after this long they are taken for lost. Milliseconds. */
const LATE_MS = 2 * 3_600_000;
/** Organizations in one round. */
const ROUND = 50;

/**
 * Asks Stripe about subscriptions whose period ended long ago without a word: their webhooks were lost. What Stripe says is
 * applied as if its event had come. Asks Stripe, so it must not be called inside a transaction. @returns how many were asked about
 */
export async function syncOverdue(client: Client): Promise<number> {
  if (mockPayments()) return 0;
  const late = await client.organizationPlan.findMany({
    where: {
      stripeSubscriptionId: { not: null },
      stripeCustomerId: { not: null },
      status: 'active',
      periodEnd: { lt: new Date(now().getTime() - LATE_MS) },
    },
    select: { stripeCustomerId: true },
    orderBy: { periodEnd: 'asc' },
    take: ROUND,
  });
  for (const { stripeCustomerId } of late) {
    if (stripeCustomerId === null) continue;
    try {
      await syncSubscription(stripeCustomerId);
    } catch (error) {
      logger().error({ err: error, customer: stripeCustomerId }, 'an overdue subscription could not be read');
    }
  }
  return late.length;
}
