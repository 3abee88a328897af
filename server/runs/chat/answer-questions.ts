import 'server-only';
import { z } from 'zod';
import { inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { type Actor, latestRun, ownProject, requeue, say, scopeOf } from '@/server/runs/engine/actor';
import { writeDocument } from '@/server/runs/engine/steps/design';

export const answersSchema = z.array(z.object({ id: z.string().max(40), answer: z.string().max(1000) })).max(10);

/** Answers to the clarifying questions; an empty list skips them. */
export async function answerQuestions(actor: Actor, answers: { id: string; answer: string }[]): Promise<void> {
  await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    const run = await latestRun(tx, actor);
    if (project.status !== 'clarifying' || run.kind !== 'design' || run.status !== 'waiting')
      throw new AppError('wrong_status', 'no questions are open');
    const given = answers.filter(({ answer }) => answer.trim() !== '');
    await writeDocument(tx, { scope: scopeOf(actor) }, 'answers', JSON.stringify(given));
    await say(tx, actor, {
      purpose: 'answers',
      text:
        given.length === 0
          ? 'Skipped the questions: use your assumptions.'
          : given.map(({ answer }) => `- ${answer}`).join('\n'),
    });
    await requeue(tx, run, actor);
  });
}
