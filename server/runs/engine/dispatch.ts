import 'server-only';
import type { Tx } from '@/server/platform/db';
import { enqueue } from '@/server/platform/queue';

/** A run that answers one question; it has no steps, and a project's latest run is never one of these. */
export const ANSWER_KIND = 'ask';

/** Deepest place in the queue that is told apart. */
const MAX_DEPTH = 1000;

/**
 * Puts a run into its queue, in the transaction that makes it necessary. Organizations take turns: the more runs of its own
 * wait already, the later this one comes, so that the first run of another organization overtakes the fiftieth of one.
 * Answers have a queue of their own: a question never waits for a build.
 */
export async function dispatchRun(
  tx: Tx,
  run: { id: string; organizationId: string; kind?: string },
  { afterMs = 0 }: { afterMs?: number } = {},
): Promise<void> {
  const isAnswer = run.kind === ANSWER_KIND;
  const ahead = await tx.run.count({
    where: {
      organizationId: run.organizationId,
      status: 'queued',
      id: { not: run.id },
      kind: isAnswer ? ANSWER_KIND : { not: ANSWER_KIND },
    },
  });
  const priority = ahead === 0 ? 0 : -Math.min(ahead, MAX_DEPTH);
  const name = isAnswer ? 'answer.write' : 'run.advance';
  await enqueue(tx, name, { runId: run.id }, { group: run.organizationId, priority, afterMs });
}
