import 'server-only';
import { release } from '@/server/credits/ledger';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';

/** Calls that a dead process left open: recorded as failed, their holds released. @returns how many. */
export async function reclaimOpenCalls(where: { runId?: string; createdBefore: Date }): Promise<number> {
  const rows = await db().modelCall.findMany({
    where: {
      status: 'running',
      createdAt: { lt: where.createdBefore },
      ...(where.runId ? { runId: where.runId } : {}),
    },
    select: { id: true, organizationId: true, holdId: true },
  });
  for (const { id, organizationId, holdId } of rows) {
    await inTx(async (tx) => {
      // Without a hold: made with the organization's own key.
      if (holdId !== null) await release(tx, { organizationId, holdId });
      // Settled meanwhile: then it is paid, and stays what it is.
      await tx.modelCall.updateMany({
        where: { id, status: 'running' },
        data: { status: 'failed', errorCode: 'process_died', finishedAt: now() },
      });
    });
  }
  return rows.length;
}
