import 'server-only';
import { db, inTx } from '@/server/platform/db';
import { writtenSoFar } from '@/server/runs/stream/event-log';
import { endMessage } from './call';

/**
 * Messages of runs whose writer died: they end as stopped with the text that people saw, also for a page that stayed open.
 * Answers to questions (`ask`) have runs of their own and end with them.
 * @param of `all`: this process is the only one. Else the run whose lease the caller has just taken.
 * @returns how many.
 */
export async function closeOrphanMessages(of: 'all' | { runId: string }): Promise<number> {
  const run = of === 'all' ? null : await db().run.findUniqueOrThrow({ where: { id: of.runId } });
  const rows = await db().message.findMany({
    where: { status: 'streaming', purpose: { not: 'ask' }, ...(run === null ? {} : { projectId: run.projectId }) },
    select: { id: true, organizationId: true, projectId: true },
  });
  for (const { id, organizationId, projectId } of rows) {
    const text = await writtenSoFar(db(), projectId, id);
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
