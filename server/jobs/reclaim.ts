import 'server-only';
import { reclaimOpenCalls } from '@/server/models/gateway/reclaim-calls';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { closeDeadAnswer } from '@/server/runs/chat/write-answer';
import { closeOrphanMessages } from '@/server/runs/engine/close-orphan-messages';
import { ANSWER_KIND, dispatchRun } from '@/server/runs/engine/dispatch';

/**
 * Embedded, this process is the only one: everything that was running belonged to its dead predecessor. Open model calls are closed
 * and their holds released, leases freed, answers that were being written ended, and the runs put back into the queue when a
 * worker will take them.
 */
export async function reclaimAll({ enqueueRuns }: { enqueueRuns: boolean }): Promise<void> {
  await reclaimOpenCalls({ createdBefore: now() });
  await db().run.updateMany({ where: { leaseOwner: { not: null } }, data: { leaseOwner: null, leaseExpiresAt: null } });
  await closeOrphanMessages('all');
  const answers = await db().run.findMany({ where: { kind: ANSWER_KIND, status: 'running' }, select: { id: true } });
  for (const { id } of answers) await closeDeadAnswer(id);
  if (!enqueueRuns) return;
  const runs = await db().run.findMany({
    where: { status: { in: ['running', 'queued'] } },
    select: { id: true, organizationId: true, kind: true },
    orderBy: { startedAt: 'asc' },
  });
  for (const run of runs) await inTx((tx) => dispatchRun(tx, run));
}

interface Reclaimed {
  id: string;
  organizationId: string;
  kind: string;
  begun: boolean;
}

/**
 * Runs whose holder stopped renewing are put back into the queue, and as a net those that should be going on and are nobody's.
 * An answer that had begun is not begun again: nobody waits for it as for a build, and its question can be asked again.
 */
export async function reclaimExpired(): Promise<void> {
  const runs = await db().$queryRaw<Reclaimed[]>`
    UPDATE "Run" SET "leaseOwner" = NULL, "leaseExpiresAt" = NULL,
      "status" = CASE WHEN "kind" = ${ANSWER_KIND} THEN "status" ELSE 'queued' END
    WHERE ("status" IN ('running', 'queued') AND "leaseExpiresAt" < now()) OR ("status" = 'running' AND "leaseOwner" IS NULL)
    RETURNING "id", "organizationId", "kind", "status" = 'running' AS begun`;
  for (const run of runs) {
    if (run.kind === ANSWER_KIND && run.begun) await closeDeadAnswer(run.id);
    else await inTx((tx) => dispatchRun(tx, run));
  }
}
