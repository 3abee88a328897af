import { expect, it } from 'vitest';
import { planSchema } from '@/server/agents/schema';
import { viewProject } from '@/server/projects/view-project';
import { sendMessage } from '@/server/runs/chat/send-message';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { replan } from '@/server/runs/plan/replan';
import { savePlan } from '@/server/runs/plan/save-plan';
import { plan } from '@/test/fake-model/scripted-project';
import type { FakeAnswer } from '@/test/fake-model/server';
import { built, database, designed, drive, script } from '@/test/scripted-runs';
import { resumeRun } from './command-run';
import { refineTask } from './refine-task';

const overloaded: FakeAnswer = { text: '', fault: { kind: 'status', status: 500 } };
const promptsFor = (task: string) =>
  script.asked
    .filter((asked) => asked.role === 'implement' && asked.task === task)
    .map(({ request }) => request.prompt);
const notesOf = (projectId: string) =>
  database.prisma.message.findMany({ where: { projectId, purpose: 'note' }, orderBy: { seq: 'asc' } });

/** Designs again after a change that a person asks for. */
async function change(own: Parameters<typeof replan>[0], note: string): Promise<void> {
  await replan(own, note);
  const design = { projectId: own.projectId, kind: 'design' as const, status: 'queued' as const };
  await drive((await database.prisma.run.findFirstOrThrow({ where: design })).id);
}

it('what is written while a run is paused is a note that the next attempt reads, and no answer', async () => {
  script.overrides.implement = ({ task, before }) => (task === 'T2' && before < 3 ? overloaded : undefined);
  const { own, runId } = await built();
  const paused = await viewProject(own);
  expect([paused.project.status, paused.actions.takesNotes, paused.actions.canAsk]).toEqual(['paused', true, false]);
  await sendMessage(own, '/change Use the word MINUEND.');
  expect(script.asked.filter(({ role }) => role === 'ask')).toEqual([]);
  expect(await notesOf(own.projectId)).toMatchObject([{ text: '/change Use the word MINUEND.', consumedAt: null }]);
  await resumeRun(own);
  await drive(runId);
  expect(promptsFor('T2').at(-1)).toContain('MINUEND');
  expect(promptsFor('T3').join('')).not.toContain('MINUEND');
  expect(await notesOf(own.projectId)).toMatchObject([{ consumedAt: expect.any(Date) }]);
});

it('a note is consumed with the payment: tries that fail leave it to the next one', async () => {
  const own = await designed();
  script.overrides.implement = ({ task, before }) => (task === 'T1' && before < 3 ? overloaded : undefined);
  const runId = await approvePlan(own, 1);
  await sendMessage(own, 'Use the word SUMMAND.');
  await drive(runId);
  expect(promptsFor('T1')).toHaveLength(3);
  for (const prompt of promptsFor('T1')) expect(prompt).toContain('SUMMAND');
  // Three tries read it, and none was paid.
  expect(await notesOf(own.projectId)).toMatchObject([{ consumedAt: null }]);
  await resumeRun(own);
  await drive(runId);
  expect(promptsFor('T1').at(-1)).toContain('SUMMAND');
  const [note] = await notesOf(own.projectId);
  const [paid] = await database.prisma.runStep.findMany({ where: { runId, step: 'implement:T1' } });
  expect(note?.consumedAt?.getTime()).toBeLessThanOrEqual(paid?.finishedAt?.getTime() ?? 0);
});

it('a note that a rejected attempt has read is read by each further attempt of its task, and by no other task', async () => {
  // Three tries fail and the run pauses; two attempts after the note are rejected, and a person asks for one more.
  script.overrides.implement = ({ task, before }) => {
    if (task !== 'T2' || before > 4) return undefined;
    return before < 3 ? overloaded : 'I would rather not.';
  };
  const { own, runId } = await built();
  await sendMessage(own, 'Use the word MINUEND.');
  await resumeRun(own);
  await drive(runId);
  const words = (prompt: string) => ['MINUEND', 'REMAINDER'].filter((word) => prompt.includes(word));
  expect(promptsFor('T2').slice(3).map(words)).toEqual([['MINUEND'], ['MINUEND']]);
  const [consumed] = await notesOf(own.projectId);
  expect(consumed?.consumedAt).not.toBeNull();
  await refineTask(own, { taskKey: 'T2', choice: 'retry', note: 'Use the word REMAINDER.' });
  await drive(runId);
  expect((await viewProject(own)).project.status).toBe('completed');
  expect(promptsFor('T2').slice(5).map(words)).toEqual([['MINUEND', 'REMAINDER']]);
  expect(promptsFor('T3').flatMap(words)).toEqual([]);
  // It was consumed when the first of them was paid, and not again.
  expect((await notesOf(own.projectId))[0]?.consumedAt).toEqual(consumed?.consumedAt);
});

it('a change that adds no task is said plainly, and the project stays finished', async () => {
  const { own } = await built();
  await change(own, 'Nothing, really.');
  const view = await viewProject(own);
  expect([view.project.status, view.planVersion, view.actions.canApprove]).toEqual(['completed', 1, false]);
  const told = await database.prisma.message.findFirst({
    where: { projectId: own.projectId, role: 'assistant', purpose: 'plan' },
    orderBy: { seq: 'desc' },
  });
  expect(told?.text).toMatch(/adds no task.*nothing to approve/);
});

it('a plan without an open task cannot be approved', async () => {
  const { own } = await built();
  await database.prisma.project.update({ where: { id: own.projectId }, data: { status: 'awaiting_approval' } });
  expect((await viewProject(own)).actions.canApprove).toBe(false);
  await expect(approvePlan(own, 1)).rejects.toMatchObject({
    code: 'wrong_status',
    userMessage: expect.stringContaining('adds no task'),
  });
});

it('a plan that drops the rejected task can be approved: it finishes the project', async () => {
  script.overrides.implement = ({ task }) => (task === 'T3' ? 'I would rather not.' : undefined);
  const { own } = await built();
  await change(own, 'Leave the third out.');
  await savePlan(own, 2, planSchema.parse({ ...plan(), tasks: plan().tasks.slice(0, 2) }));
  expect((await viewProject(own)).actions.canApprove).toBe(true);
  await drive(await approvePlan(own, 3));
  expect((await viewProject(own)).project.status).toBe('completed');
});

it('the text of an error inside never reaches the timeline', async () => {
  const own = await designed();
  await database.prisma.planVersion.updateMany({
    where: { projectId: own.projectId },
    data: { plan: { broken: true } },
  });
  const runId = await approvePlan(own, 1);
  await drive(runId);
  const step = await database.prisma.runStep.findFirstOrThrow({ where: { runId, status: 'failed' } });
  expect([step.errorCode, step.errorMessage]).toEqual([
    'internal',
    expect.stringMatching(/^Something went wrong on our side\./),
  ]);
});
