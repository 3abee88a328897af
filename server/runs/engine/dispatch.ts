import 'server-only';
import type { Tx } from '@/server/platform/db';
import { enqueue } from '@/server/platform/queue';

/** Deepest place in the queue that is told apart. */
const MAX_DEPTH = 1000;

/**
 * Puts a run into the queue, in the transaction that makes it necessary. Organizations take turns: the more runs of its
 * own wait already, the later this one comes, so that the first run of another organization overtakes the fiftieth of one.
 */
export async function dispatchRun(
  tx: Tx,
  run: { id: string; organizationId: string },
  { afterMs = 0 }: { afterMs?: number } = {},
): Promise<void> {
  const ahead = await tx.run.count({
    where: { organizationId: run.organizationId, status: 'queued', id: { not: run.id } },
  });
  const priority = ahead === 0 ? 0 : -Math.min(ahead, MAX_DEPTH);
  await enqueue(tx, 'run.advance', { runId: run.id }, { group: run.organizationId, priority, afterMs });
}
