import 'server-only';
import type { Project } from '@/prisma/generated/client';
import { requireAIAccess } from '@/server/models/access/check-ai-access';
import { db, inTx, type Tx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { type Actor, say, scopeOf } from '@/server/runs/engine/actor';
import { takesNotes } from '@/server/runs/engine/notes';
import { replan } from '@/server/runs/plan/replan';
import { appendEvents } from '@/server/runs/stream/event-log';
import { openAnswer } from './answer-run';
import { describeAgain } from './describe-project';

/**
 * What a person writes: during a run, paused or not, a note that its next step reads, on a draft a new description, else a question about
 * the project (or, beginning with `/change`, a change that becomes a new plan). A worker writes the answer.
 * @returns the id of the person's message.
 */
export function sendMessage(actor: Actor, text: string): Promise<string> {
  return send(actor, text, async () => undefined);
}

/** Edits a question of one's own and asks again: it and everything after it in the conversation is struck out. */
export function editAndResend(actor: Actor, messageId: string, text: string): Promise<string> {
  return send(actor, text, (tx) => strikeOut(tx, actor, messageId));
}

/** @param before belongs to the sending: it happens in the same transaction, or not at all */
async function send(actor: Actor, text: string, before: (tx: Tx) => Promise<void>): Promise<string> {
  const project = await db().project.findFirst({
    where: { id: actor.projectId, organizationId: actor.organizationId },
  });
  if (project === null) throw notFound('Project');
  const change = /^\/change\s+(\S[\s\S]*)$/.exec(text)?.[1];
  if (project.status === 'draft') {
    await describeAgain(actor, text, before);
    return '';
  }
  // Also a change: a run that goes on reads it, and a new plan could not begin beside it.
  if (takesNotes(project.status))
    return inTx(async (tx) => {
      await before(tx);
      return say(tx, actor, { text, purpose: 'note' });
    });
  if (change !== undefined) {
    await replan(actor, change, before);
    return '';
  }
  await requireAskAccess(actor, project);
  return inTx(async (tx) => {
    await before(tx);
    return openAnswer(tx, actor, text);
  });
}

function requireAskAccess({ organizationId, userId }: Actor, project: Project) {
  const { quality, modelRef } = project;
  return requireAIAccess({ organizationId, userId, capability: 'ask', quality, modelRef });
}

/** @throws AppError `not_found`: also for the message of a colleague */
async function strikeOut(tx: Tx, actor: Actor, messageId: string): Promise<void> {
  const scope = scopeOf(actor);
  const message = await tx.message.findFirst({
    where: {
      ...scope,
      id: messageId,
      role: 'user',
      userId: actor.userId,
      purpose: { in: ['ask', 'note', 'description'] },
    },
  });
  if (message === null) throw notFound('Message');
  const later = await tx.message.findMany({
    where: {
      ...scope,
      seq: { gte: message.seq },
      supersededAt: null,
      purpose: { in: ['ask', 'note', 'description', 'clarify'] },
      status: { not: 'streaming' },
    },
    select: { id: true },
  });
  const ids = later.map(({ id }) => id);
  await tx.message.updateMany({ where: { id: { in: ids } }, data: { supersededAt: new Date() } });
  await appendEvents(tx, scope, [{ type: 'data-superseded', ids }]);
}
