import 'server-only';
import { z } from 'zod';
import type { Run } from '@/prisma/generated/client';
import type { Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { type Actor, lockProject, say, scopeOf } from '@/server/runs/engine/actor';
import { endMessage, type MessageEnd } from '@/server/runs/engine/call';
import { ANSWER_KIND, dispatchRun } from '@/server/runs/engine/dispatch';
import { giveLease, holdLease, type Lease } from '@/server/runs/engine/lease';
import { moveRun } from '@/server/runs/engine/transitions';
import { appendEvents } from '@/server/runs/stream/event-log';

/**
 * The answer to a question is a run of its own kind: one message, one call, the lease of runs. It is queued, then running,
 * and once it is over its message is too, in one transaction. Of one project one is not over at a time: the database refuses
 * a second (index `Run_one_answer`).
 */
const cursorSchema = z.object({ questionId: z.string(), messageId: z.string() });

/** Where the answer `run` reads and writes. */
export function answerOf(run: Run) {
  const { questionId, messageId } = cursorSchema.parse(run.cursor);
  const { id: runId, organizationId, projectId } = run;
  return { runId, questionId, messageId, scope: { organizationId, projectId } };
}
export type Answer = ReturnType<typeof answerOf>;

/** Writes the question, the answer's empty message and its run. @returns the question's id @throws AppError `conflict` */
export async function openAnswer(tx: Tx, actor: Actor, question: string): Promise<string> {
  const scope = scopeOf(actor);
  const [id, messageId] = [newId(), newId()];
  const questionId = await say(tx, actor, { text: question, purpose: 'ask' });
  const by = { createdById: actor.userId, actingUserId: actor.userId };
  const { count } = await tx.run.createMany({
    data: [{ id, ...scope, ...by, kind: ANSWER_KIND, cursor: { questionId, messageId } }],
    skipDuplicates: true,
  });
  if (count === 0)
    throw new AppError('conflict', 'an answer is still being written', {
      userMessage: 'The last answer is still being written. Stop it first.',
    });
  await tx.message.create({
    data: { id: messageId, ...scope, role: 'assistant', text: '', purpose: 'ask', status: 'streaming' },
  });
  await appendEvents(tx, scope, [{ type: 'text-start', id: messageId, role: 'assistant', purpose: 'ask', text: '' }]);
  await dispatchRun(tx, { id, organizationId: actor.organizationId, kind: ANSWER_KIND });
  return questionId;
}

const OUTCOMES = { final: 'completed', stopped: 'stopped', failed: 'failed' } as const;

/** Ends the answer and its message together. @throws AppError `lease_lost`: somebody else has ended it, nothing is changed */
export async function endAnswer(tx: Tx, answer: Answer, lease: Lease, end: Omit<MessageEnd, 'id'>): Promise<void> {
  await lockProject(tx, answer.scope);
  await holdLease(tx, lease);
  await endMessage(tx, answer, { id: answer.messageId, ...end });
  await moveRun(tx, { runId: answer.runId, to: OUTCOMES[end.status] });
  await giveLease(tx, lease);
}
