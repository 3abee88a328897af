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
  // Drawn by lot: those that cannot be read, or whose payment takes weeks, must not keep the others waiting for ever.
  const late = await client.$queryRaw<{ customer: string }[]>`
    SELECT "stripeCustomerId" AS customer FROM "OrganizationPlan"
    WHERE "stripeSubscriptionId" IS NOT NULL AND "stripeCustomerId" IS NOT NULL AND "status" = 'active'
      AND "periodEnd" < ${new Date(now().getTime() - LATE_MS)}::timestamptz
    ORDER BY random() LIMIT ${ROUND}`;
  for (const { customer } of late) {
    try {
      await syncSubscription(customer);
    } catch (error) {
      logger().error({ err: error, customer }, 'an overdue subscription could not be read');
    }
  }
  return late.length;
}
