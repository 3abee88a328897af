import 'server-only';
import { z } from 'zod';
import { db, inTx } from '@/server/platform/db';
import { endMessage } from './call';
import { streamOf } from './event-log';

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
