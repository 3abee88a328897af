import 'server-only';
import { z } from 'zod';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { streamOf } from '@/server/runs/stream/event-log';
import { endMessage } from './call';

/**
 * Messages whose writer died: they end as stopped with the text that people saw, also for a page that stayed open. Answers to
 * questions (`ask`) are written by web processes: who takes over one run leaves them alone.
 * @param of `all`: this process is the only one. Else the run whose lease the caller has just taken.
 * @returns how many.
 */
export async function closeOrphanMessages(of: 'all' | { runId: string }): Promise<number> {
  const run = of === 'all' ? null : await db().run.findUniqueOrThrow({ where: { id: of.runId } });
  const rows = await db().message.findMany({
    where: { status: 'streaming', ...(run === null ? {} : { projectId: run.projectId, purpose: { not: 'ask' } }) },
    select: { id: true, organizationId: true, projectId: true },
  });
  return close(rows);
}

/**
 * Answers to questions whose process died while others live on: no call that could still be writing them is open. After
 * `reclaimForgottenCalls`. @returns how many.
 */
export async function closeForgottenAnswers(): Promise<number> {
  const rows = await db().$queryRaw<OpenMessage[]>`
    SELECT m."id", m."organizationId", m."projectId" FROM "Message" m
    WHERE m."status" = 'streaming' AND m."purpose" = 'ask' AND m."createdAt" < ${new Date(now().getTime() - ANSWER_BEGINS_MS)}::timestamptz
      AND NOT EXISTS (SELECT 1 FROM "ModelCall" c WHERE c."projectId" = m."projectId" AND c."status" = 'running' AND c."role" = 'ask')
    LIMIT 500`;
  return close(rows);
}

/** Between the message's row and its call's there is a search in the project; this is plenty. Milliseconds. */
const ANSWER_BEGINS_MS = 300_000;

interface OpenMessage {
  id: string;
  organizationId: string;
  projectId: string;
}

async function close(rows: readonly OpenMessage[]): Promise<number> {
  for (const { id, organizationId, projectId } of rows) {
    const text = await writtenSoFar(projectId, id);
    await inTx((tx) =>
      endMessage(
        tx,
        { scope: { organizationId, projectId } },
        { id, text, status: 'stopped', costMicro: 0n, modelLabel: null },
      ),
    );
  }
  return rows.length;
}

async function writtenSoFar(projectId: string, messageId: string): Promise<string> {
  const deltas = await db().runEvent.findMany({
    where: { stream: streamOf(projectId), kind: 'text-delta', payload: { path: ['id'], equals: messageId } },
    orderBy: { seq: 'asc' },
    select: { payload: true },
  });
  return deltas.map(({ payload }) => z.object({ delta: z.string() }).parse(payload).delta).join('');
}
