import 'server-only';
import type { ModelCall } from '@/prisma/generated/client';
import { release } from '@/server/credits/ledger/ledger';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { costOf, estimateTokens } from '@/server/models/pricing';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';

/**
 * Calls that a dead process left open: recorded as failed, their holds released.
 * @param seen what people saw of the answer of the only call: its tokens are on record as an estimate, and charged to nobody
 * @returns how many.
 */
export async function reclaimOpenCalls(where: { runId?: string; createdBefore: Date }, seen = ''): Promise<number> {
  const rows = await db().modelCall.findMany({
    where: {
      status: 'running',
      createdAt: { lt: where.createdBefore },
      ...(where.runId ? { runId: where.runId } : {}),
    },
    select: { id: true, organizationId: true, holdId: true, inputTokens: true, price: true },
  });
  return closeCalls(rows, ({ inputTokens, price }) => {
    const usage = seen === '' ? NOTHING : { ...NOTHING, input: inputTokens, output: estimateTokens(seen) };
    return { ...columnsOf(usage), costNano: price === null ? 0n : costOf(usage, price) };
  });
}

const NOTHING = { input: 0, cached: 0, output: 0 };
const columnsOf = ({ input, output }: typeof NOTHING) => ({
  inputTokens: input,
  outputTokens: output,
  usageEstimated: true,
});

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
  return closeCalls(rows, () => columnsOf(NOTHING));
}

/** Longer than any call may take, milliseconds. */
const FORGOTTEN_MS = 3_600_000;

type Used = Partial<Pick<ModelCall, 'inputTokens' | 'outputTokens' | 'usageEstimated' | 'costNano'>>;

interface OpenRow {
  id: string;
  organizationId: string;
  holdId: string | null;
}

async function closeCalls<R extends OpenRow>(rows: readonly R[], used: (row: R) => Used): Promise<number> {
  for (const row of rows) {
    const { id, organizationId, holdId } = row;
    await inTx(async (tx) => {
      // Without a hold: made with the organization's own key.
      if (holdId !== null) await release(tx, { organizationId, holdId });
      // It was settled in between: it is paid, and stays so.
      await tx.modelCall.updateMany({
        where: { id, status: 'running' },
        data: { ...used(row), status: 'failed', errorCode: 'process_died', finishedAt: now() },
      });
    });
  }
  return rows.length;
}
