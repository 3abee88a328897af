import 'server-only';
import { db } from '@/server/platform/db';
import { writeAnswer } from '@/server/runs/chat/write-answer';

/** Writes every queued answer, as a worker would. */
export async function writeAnswers(): Promise<void> {
  const runs = await db().run.findMany({ where: { kind: 'ask', status: 'queued' }, select: { id: true } });
  for (const { id } of runs) await writeAnswer(id, { owner: 'test' });
}
