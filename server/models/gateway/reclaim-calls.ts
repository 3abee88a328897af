import 'server-only';
import { release } from '@/server/credits/ledger/ledger';
import { MODEL_LIMITS } from '@/server/models/call-limits';
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
  return closeCalls(rows);
}

/**
 * Calls that nobody keeps up any more, whether a run or a search made them: a living one renews its hold, and without a hold
 * (an own key) it does not last this long. A call whose hold was released charges nothing, whatever comes of it. Safe while
 * other processes work. @returns how many.
 */
export async function reclaimForgottenCalls(): Promise<number> {
  const rows = await db().$queryRaw<OpenRow[]>`
    SELECT c."id", c."organizationId", c."holdId" FROM "ModelCall" c LEFT JOIN "CreditHold" h ON h."id" = c."holdId"
    WHERE c."status" = 'running' AND CASE WHEN h."status" = 'pending' THEN h."expiresAt" < ${now()}::timestamptz
        WHEN h."status" = 'released' THEN h."closedAt" < ${new Date(now().getTime() - MODEL_LIMITS.holdTtlMs)}::timestamptz
        ELSE c."createdAt" < ${new Date(now().getTime() - FORGOTTEN_MS)}::timestamptz END
    LIMIT 500`;
  return closeCalls(rows);
}

/** Longer than any call may take, milliseconds. */
const FORGOTTEN_MS = 3_600_000;

interface OpenRow {
  id: string;
  organizationId: string;
  holdId: string | null;
}

async function closeCalls(rows: readonly OpenRow[]): Promise<number> {
  for (const { id, organizationId, holdId } of rows) {
    await inTx(async (tx) => {
      // Without a hold: made with the organization's own key.
      if (holdId !== null) await release(tx, { organizationId, holdId });
      // It was settled in between: it is paid, and stays so.
      await tx.modelCall.updateMany({
        where: { id, status: 'running' },
        data: { status: 'failed', errorCode: 'process_died', finishedAt: now() },
      });
    });
  }
  return rows.length;
}
