import 'server-only';
import { release } from '@/server/credits/ledger/ledger';
import { lockBalance } from '@/server/credits/ledger/lock-balance';
import { inTx, type Tx } from '@/server/platform/db';
import { type Actor, lockProject, ownProject } from '@/server/runs/engine/actor';
import { ANSWER_KIND } from '@/server/runs/engine/dispatch';
import { seizeLease } from '@/server/runs/engine/lease';
import { signalCommand, writtenSoFar } from '@/server/runs/stream/event-log';
import { answerOf, endAnswer } from './answer-run';

/**
 * Ends the answer being written, whichever process writes it and also when none does any more: what people saw of it stays,
 * nothing is charged or held for it. The writer has lost its lease, so that it can neither write nor settle; it is told, and
 * closes its connection to the provider. Where nothing is being written this changes nothing.
 * @throws AppError `not_found`
 */
export async function stopAnswer(actor: Actor): Promise<void> {
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    // Against the transaction that pays for the answer: whichever is second finds the other's outcome.
    await lockBalance(tx, actor.organizationId);
    await lockProject(tx, actor);
    const run = await tx.run.findFirst({
      where: { projectId: actor.projectId, kind: ANSWER_KIND, status: { in: ['queued', 'running'] } },
    });
    if (run === null) return;
    const answer = answerOf(run);
    const lease = await seizeLease(tx, run.id, 'stop');
    const text = await writtenSoFar(tx, actor.projectId, answer.messageId);
    await endAnswer(tx, answer, lease, { text, status: 'stopped', costMicro: 0n, modelLabel: null });
    await releaseHolds(tx, run);
    await signalCommand(tx, run.id);
  });
}

/** The writer closes the record of its call; it may be dead, and the credits are free again now. */
async function releaseHolds(tx: Tx, { id, organizationId }: { id: string; organizationId: string }): Promise<void> {
  const holds = await tx.creditHold.findMany({ where: { runId: id, status: 'pending' }, select: { id: true } });
  for (const hold of holds) await release(tx, { organizationId, holdId: hold.id });
}
