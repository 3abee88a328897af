import 'server-only';
import { reclaimOpenCalls } from '@/server/models/reclaim-calls';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { closeOrphanMessages } from '@/server/runs/engine/close-orphan-messages';
import { dispatchRun } from '@/server/runs/engine/dispatch';

/**
 * Embedded, this process is the only one: whatever was running belonged to its dead predecessor. Open model calls are closed
 * and their holds released, leases freed, and the runs put back into the queue when a worker will take them.
 */
export async function reclaimAll({ enqueueRuns }: { enqueueRuns: boolean }): Promise<void> {
  await reclaimOpenCalls({ createdBefore: now() });
  await db().run.updateMany({ where: { leaseOwner: { not: null } }, data: { leaseOwner: null, leaseExpiresAt: null } });
  await closeOrphanMessages('all');
  if (!enqueueRuns) return;
  const runs = await db().run.findMany({
    where: { status: { in: ['running', 'queued'] } },
    select: { id: true, organizationId: true },
    orderBy: { startedAt: 'asc' },
  });
  for (const run of runs) await inTx((tx) => dispatchRun(tx, run));
}

/**
 * Runs whose holder stopped renewing are put back into the queue, and as a net those that should be going on and are nobody's.
 */
export async function reclaimExpired(): Promise<void> {
  const runs = await db().$queryRaw<{ id: string; organizationId: string }[]>`
    UPDATE "Run" SET "leaseOwner" = NULL, "leaseExpiresAt" = NULL, "status" = 'queued'
    WHERE ("status" IN ('running', 'queued') AND "leaseExpiresAt" < now()) OR ("status" = 'running' AND "leaseOwner" IS NULL) RETURNING "id", "organizationId"`;
  for (const run of runs) await inTx((tx) => dispatchRun(tx, run));
}
