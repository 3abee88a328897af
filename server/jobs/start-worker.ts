import 'server-only';
import { expireStaleHolds, resetMonth } from '@/server/credits/ledger';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { env, isEmbedded } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { enqueue, schedule, work } from '@/server/platform/queue';
import { advanceRun } from '@/server/runs/engine';
import { compactEvents } from '@/server/runs/event-log';
import { RUN_LIMITS } from '@/server/runs/limits';
import { reclaimAll } from './reclaim';

export interface Worker {
  stop(): Promise<void>;
}

/** Takes jobs until stopped. One a process: in the web process when embedded, `npm run worker` otherwise. */
export async function startWorker(): Promise<Worker> {
  const owner = newId();
  const closing = new AbortController();
  if (isEmbedded()) await reclaimAll({ enqueueRuns: true });
  await work('run.advance', env().WORKER_CONCURRENCY, async ({ runId }) => {
    const taken = await advanceRun(runId, { owner, signal: closing.signal });
    // Held by a worker that may be dead: the job comes back after a second and finds the lease free in the end.
    if (!taken) throw new Error(`run ${runId} is held by another worker`);
  });
  await work('events.compact', 1, async ({ projectId }) => {
    await compactEvents(projectId);
  });
  await work('credits.upkeep', 1, upkeep);
  await schedule('credits.upkeep', '* * * * *');
  const reclaim = setInterval(() => {
    reclaimExpired().catch((error: unknown) => logger().error({ err: error }, 'reclaim failed'));
  }, RUN_LIMITS.reclaimMs);
  return {
    stop: async () => {
      clearInterval(reclaim);
      closing.abort();
    },
  };
}

/** Runs whose holder stopped renewing are put back into the queue. */
async function reclaimExpired(): Promise<void> {
  const runs = await db().$queryRaw<{ id: string }[]>`
    UPDATE "Run" SET "leaseOwner" = NULL, "leaseExpiresAt" = NULL WHERE "status" IN ('running', 'queued') AND "leaseExpiresAt" < now() RETURNING "id"`;
  for (const { id } of runs) await inTx((tx) => enqueue(tx, 'run.advance', { runId: id }));
}

/** Holds past their time, and months that have ended. Idempotent. */
async function upkeep(): Promise<void> {
  await expireStaleHolds(db());
  const ended = await db().creditBalance.findMany({
    where: { periodEnd: { lte: now() } },
    select: { organizationId: true },
    take: 500,
  });
  for (const { organizationId } of ended) await resetMonth(db(), organizationId);
}
