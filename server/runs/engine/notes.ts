import 'server-only';
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

/** Notes that no paid step has read yet, in the order they were written. */
export async function readNotes(scope: EventScope): Promise<Notes> {
  const rows = await db().message.findMany({
    where: { ...scope, purpose: 'note', supersededAt: null, consumedAt: null },
    orderBy: { seq: 'asc' },
    select: { id: true, text: true },
  });
  return { ids: rows.map(({ id }) => id), texts: rows.map(({ text }) => text) };
}

/** In the transaction that pays for the step which read them: a step that failed leaves its notes to the next try. */
export async function consumeNotes(tx: Tx, scope: EventScope, { ids }: Notes): Promise<void> {
  if (ids.length > 0)
    await tx.message.updateMany({ where: { ...scope, id: { in: ids } }, data: { consumedAt: new Date() } });
}
