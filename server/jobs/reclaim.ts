import 'server-only';
import { Prisma } from '@/prisma/generated/client';
import { reclaimOpenCalls } from '@/server/models/gateway/reclaim-calls';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { closeDeadAnswer } from '@/server/runs/chat/write-answer';
import { closeOrphanMessages } from '@/server/runs/engine/close-orphan-messages';
import { ANSWER_KIND, dispatchRun } from '@/server/runs/engine/dispatch';

/**
 * Embedded, this process is the only one: everything that was running belonged to its dead predecessor. Open model calls are closed
 * and their holds released, leases freed, answers that were being written ended, and the runs put back into the queue when a
 * worker will take them.
 */
export async function reclaimAll({ enqueueRuns }: { enqueueRuns: boolean }): Promise<void> {
  await db().run.updateMany({ where: { leaseOwner: { not: null } }, data: { leaseOwner: null, leaseExpiresAt: null } });
  const answers = await db().run.findMany({ where: { kind: ANSWER_KIND, status: 'running' }, select: { id: true } });
  for (const answer of answers) await orLog(answer, () => closeDeadAnswer(answer.id));
  await reclaimOpenCalls({ createdBefore: now() });
  await closeOrphanMessages('all');
  if (!enqueueRuns) return;
  const runs = await db().run.findMany({
    where: { status: { in: ['running', 'queued'] } },
    select: { id: true, organizationId: true, kind: true },
    orderBy: { startedAt: 'asc' },
  });
  for (const run of runs) await inTx((tx) => dispatchRun(tx, run));
}

interface Abandoned {
  id: string;
  organizationId: string;
  kind: string;
  begun: boolean;
}

/** Its holder stopped renewing, or it should be going on and is nobody's. */
const ABANDONED = Prisma.sql`(("status" IN ('running', 'queued') AND "leaseExpiresAt" < now()) OR ("status" = 'running' AND "leaseOwner" IS NULL))`;

/**
 * Runs that nobody carries on are put back into the queue. An answer that had begun is not begun again: nobody waits for it as
 * for a build, and its question can be asked again. A run that cannot be taken back keeps no other waiting, and stays
 * abandoned: the next look finds it.
 */
export async function reclaimExpired(): Promise<void> {
  const runs = await db().$queryRaw<Abandoned[]>`
    SELECT "id", "organizationId", "kind", "status" = 'running' AS begun FROM "Run" WHERE ${ABANDONED}`;
  for (const run of runs)
    await orLog(run, () => (run.kind === ANSWER_KIND && run.begun ? closeDeadAnswer(run.id) : takeBack(run)));
}

async function takeBack(run: Abandoned): Promise<void> {
  await inTx(async (tx) => {
    const taken = await tx.$executeRaw`
      UPDATE "Run" SET "leaseOwner" = NULL, "leaseExpiresAt" = NULL, "status" = 'queued' WHERE "id" = ${run.id} AND ${ABANDONED}`;
    if (taken > 0) await dispatchRun(tx, run);
  });
}

async function orLog({ id }: { id: string }, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger().error({ err: error, runId: id }, 'an abandoned run was not taken back');
  }
}
