import 'server-only';
import { z } from 'zod';
import { clarifyPrompt } from '@/server/agents/prompts/clarify';
import { planPrompt } from '@/server/agents/prompts/plan';
import { specPrompt } from '@/server/agents/prompts/spec';
import { clarificationSchema, clarifyingQuestionSchema, newPlanSchema } from '@/server/agents/schema';
import { db, type Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { tell } from '@/server/runs/engine/actor';
import { callForObject, callStreaming } from '@/server/runs/engine/call';
import { finishStep, type StepContext } from '@/server/runs/engine/journal';
import { nextFreeKey } from '@/server/runs/engine/keep-finished';
import { consumeNotes, readNotes } from '@/server/runs/engine/notes';
import { moveProject, moveRun } from '@/server/runs/engine/transitions';
import { addsNothing, finishedTasks, writePlan } from '@/server/runs/plan/plan-rows';
import { appendEvents } from '@/server/runs/stream/event-log';
import { readTree } from '@/server/workspace/snapshots';

/** Questions that the description leaves open; without any the design goes on at once. */
export async function clarifyStep(ctx: StepContext): Promise<void> {
  await callForObject(ctx, {
    role: 'clarify',
    prompt: clarifyPrompt({ description: ctx.project.description }),
    schema: clarificationSchema,
    onSettled: async (tx, { title, questions }, result) => {
      if (ctx.project.title === '') await tx.project.update({ where: { id: ctx.project.id }, data: { title } });
      if (questions.length > 0) {
        await writeDocument(tx, ctx, 'questions', JSON.stringify(questions));
        await appendEvents(tx, ctx.scope, [{ type: 'data-questions', count: questions.length }]);
        await moveRun(tx, { runId: ctx.run.id, to: 'waiting', reason: 'questions' });
      }
      await finishStep(tx, ctx, {
        output: { ok: true, waits: questions.length > 0 },
        modelCallId: result.callId,
        note: `${questions.length} questions`,
      });
    },
  });
}

export async function specStep(ctx: StepContext): Promise<void> {
  const notes = await readNotes(ctx.scope);
  await callStreaming(ctx, {
    role: 'spec',
    purpose: 'spec',
    prompt: specPrompt({
      description: ctx.project.description,
      answers: await readAnswers(ctx),
      notes: notes.texts,
    }),
    onSettled: async (tx, result) => {
      await writeDocument(tx, ctx, 'spec', result.text);
      await consumeNotes(tx, ctx.scope, notes);
      if (ctx.project.status === 'clarifying') await moveProject(tx, { ...ctx.scope, to: 'planning' });
      return { output: { ok: true }, modelCallId: result.callId };
    },
  });
}

export async function planStep(ctx: StepContext): Promise<void> {
  const spec = await latestDocument(ctx, 'spec');
  const head = ctx.project.headSnapshotId;
  const paths =
    head === null
      ? []
      : [...(await readTree(db(), { organizationId: ctx.scope.organizationId, snapshotId: head })).keys()];
  const done = await finishedTasks(db(), ctx.scope);
  const finished = done.length === 0 ? null : { tasks: done, nextId: nextFreeKey(done.map(({ id }) => id)) };
  const notes = await readNotes(ctx.scope);
  await callForObject(ctx, {
    role: 'plan',
    prompt: planPrompt({ description: ctx.project.description, spec, paths, finished, notes: notes.texts }),
    schema: newPlanSchema,
    onSettled: async (tx, plan, result) => {
      await consumeNotes(tx, ctx.scope, notes);
      if (await addsNothing(tx, ctx.scope, plan)) {
        await sayNothingAdded(tx, ctx, result.callId);
        return;
      }
      const version = await writePlan(tx, {
        scope: ctx.scope,
        plan,
        author: 'architect',
        model: ctx.model,
        quality: ctx.quality,
      });
      await finishStep(tx, ctx, {
        output: { ok: true, version },
        modelCallId: result.callId,
        note: `${plan.tasks.length} tasks`,
      });
      await moveRun(tx, { runId: ctx.run.id, to: 'completed' });
      await moveProject(tx, { ...ctx.scope, to: 'awaiting_approval' });
    },
  });
}

/** A change that brings no work to a finished project: there is nothing to approve, and the project stays finished. */
async function sayNothingAdded(tx: Tx, ctx: StepContext, modelCallId: string): Promise<void> {
  await tell(tx, ctx.scope, {
    purpose: 'plan',
    text: 'This change adds no task, so there is nothing to approve and nothing will be built. Ask again, and name what should be different.',
  });
  await finishStep(tx, ctx, { output: { ok: true }, modelCallId, note: 'no new task' });
  await moveRun(tx, { runId: ctx.run.id, to: 'completed' });
  await moveProject(tx, { ...ctx.scope, to: 'completed' });
}

async function readAnswers(ctx: StepContext): Promise<{ question: string; answer: string }[]> {
  const questions = z
    .array(clarifyingQuestionSchema)
    .parse(JSON.parse((await latestDocument(ctx, 'questions')) || '[]'));
  const answers = z
    .array(z.object({ id: z.string(), answer: z.string() }))
    .parse(JSON.parse((await latestDocument(ctx, 'answers')) || '[]'));
  return questions.map(({ id, question, assumed }) => {
    const given = answers.find((answer) => answer.id === id)?.answer.trim() ?? '';
    return { question, answer: given === '' ? `(not answered; assume: ${assumed})` : given };
  });
}

/** Text of the newest document of a kind, empty when there is none. */
export async function latestDocument({ scope }: Pick<StepContext, 'scope'>, kind: string): Promise<string> {
  const row = await db().document.findFirst({ where: { ...scope, kind }, orderBy: { version: 'desc' } });
  return row?.content ?? '';
}

export async function writeDocument(
  tx: Tx,
  { scope }: Pick<StepContext, 'scope'>,
  kind: string,
  content: string,
): Promise<void> {
  const last = await tx.document.findFirst({
    where: { ...scope, kind },
    orderBy: { version: 'desc' },
    select: { version: true },
  });
  await tx.document.create({ data: { id: newId(), ...scope, kind, version: (last?.version ?? 0) + 1, content } });
}
