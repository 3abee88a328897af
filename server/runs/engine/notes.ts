import 'server-only';
import { z } from 'zod';
import type { ProjectStatus } from '@/prisma/generated/enums';
import { db, type Tx } from '@/server/platform/db';
import type { EventScope } from '@/server/runs/stream/event-log';

/** While a project is here, what a person writes is a note: the next step that reads notes follows it. */
const TAKES_NOTES: ReadonlySet<ProjectStatus> = new Set([
  'clarifying',
  'planning',
  'implementing',
  'documenting',
  'paused',
  'awaiting_credits',
]);

export function takesNotes(status: ProjectStatus): boolean {
  return TAKES_NOTES.has(status);
}

export interface Notes {
  ids: string[];
  texts: string[];
}

/** Notes that no paid step has read yet, and those that are read again, in the order they were written. */
export async function readNotes(scope: EventScope, again: readonly string[] = []): Promise<Notes> {
  const rows = await db().message.findMany({
    where: { ...scope, purpose: 'note', supersededAt: null, OR: [{ consumedAt: null }, { id: { in: [...again] } }] },
    orderBy: { seq: 'asc' },
    select: { id: true, text: true },
  });
  return { ids: rows.map(({ id }) => id), texts: rows.map(({ text }) => text) };
}

const readSchema = z.object({ notes: z.array(z.string()).default([]) });

/** Notes that earlier attempts of a task have read: with a rejected attempt goes what it made of them. */
export async function notesOfAttempts(scope: EventScope, task: { id: string; key: string }): Promise<string[]> {
  const rows = await db().runStep.findMany({
    where: { ...scope, taskId: task.id, step: `implement:${task.key}`, status: 'done' },
    select: { output: true },
  });
  return rows.flatMap(({ output }) => readSchema.safeParse(output).data?.notes ?? []);
}

/** In the transaction that pays for the step which read them: a step that failed leaves its notes to the next try. */
export async function consumeNotes(tx: Tx, scope: EventScope, { ids }: Notes): Promise<void> {
  if (ids.length > 0)
    await tx.message.updateMany({
      where: { ...scope, id: { in: ids }, consumedAt: null },
      data: { consumedAt: new Date() },
    });
}
