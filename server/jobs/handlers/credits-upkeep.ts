import 'server-only';
import { auditLedger } from '@/server/credits/ledger/audit';
import { expireStaleHolds, resetMonth } from '@/server/credits/ledger/ledger';
import { mailNotices, noticeLowBalances } from '@/server/credits/reports/notices';
import { reclaimForgottenCalls } from '@/server/models/gateway/reclaim-calls';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { eachOrganization } from './each-organization';

/** Organizations in one round of the reset; what is left comes a minute later. */
const ROUND = 500;

/**
 * Starts the new month of every organization whose period has ended, however long ago. Those with a running Stripe
 * subscription are renewed by its paid invoice instead.
 */
export async function resetMonths(): Promise<{ due: number; reset: number }> {
  const ended = await db().creditBalance.findMany({
    where: {
      periodEnd: { lte: now() },
      organization: { deletedAt: null, plan: { is: { stripeSubscriptionId: null } } },
    },
    select: { organizationId: true },
    orderBy: { periodEnd: 'asc' },
    take: ROUND,
  });
  const reset = await eachOrganization(
    ended.map(({ organizationId }) => organizationId),
    (organizationId) => resetMonth(db(), organizationId),
  );
  return { due: ended.length, reset };
}

export async function releaseStaleHolds(): Promise<{ expired: number; calls: number; counters: number }> {
  const counters = await dropOldCounters();
  const calls = await reclaimForgottenCalls();
  const stale = await db().creditHold.groupBy({
    by: ['organizationId'],
    where: { status: 'pending', expiresAt: { lt: now() } },
  });
  let expired = 0;
  await eachOrganization(
    stale.map(({ organizationId }) => organizationId),
    async (organizationId) => {
      const holds = await expireStaleHolds(db(), organizationId);
      expired += holds;
      return holds > 0;
    },
  );
  return { expired, calls, counters };
}

/** Windows that have passed count no request any more. */
async function dropOldCounters(): Promise<number> {
  const yesterday = new Date(now().getTime() - 86_400_000).toISOString();
  const { count } = await db().rateCounter.deleteMany({
    where: {
      OR: [
        { window: { startsWith: 'minute:', lt: `minute:${yesterday.slice(0, 16)}` } },
        { window: { startsWith: 'day:', lt: `day:${yesterday.slice(0, 10)}` } },
      ],
    },
  });
  return count;
}

export async function noticeBalances(): Promise<{ notices: number; letters: number }> {
  const notices = await noticeLowBalances(db());
  return { notices, letters: await mailNotices(db()) };
}

/** @throws Error naming the first differences: a ledger that does not add up is an alarm, not a number. */
export async function reconcileLedger(): Promise<{ organizations: number; differences: number }> {
  const differences = await auditLedger(db());
  if (differences.length > 0) {
    logger().fatal({ differences: differences.slice(0, 20) }, 'the ledger does not add up');
    const first = differences
      .slice(0, 3)
      .map(({ organizationId, rule, detail }) => `${organizationId}: ${rule} (${detail})`);
    throw new Error(`${differences.length} differences: ${first.join('; ')}`);
  }
  return { organizations: await db().creditBalance.count(), differences: 0 };
}
