import { expect, it } from 'vitest';
import { newPlanSchema } from '@/server/agents/schema';
import { newId } from '@/server/platform/ids';
import { rollbackProject } from '@/server/projects/rollback-project';
import { viewProject } from '@/server/projects/view-project';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { replan } from '@/server/runs/plan/replan';
import { savePlan } from '@/server/runs/plan/save-plan';
import { readFiles } from '@/server/workspace/snapshots';
import { goodReply, plan, wholeFile } from '@/test/fake-model/scripted-project';
import { built, database, designed, drive, MODEL, PRICE, script } from '@/test/scripted-runs';
import { resumeRun } from './command-run';

const tasksOf = (projectId: string) => database.prisma.task.findMany({ where: { projectId }, orderBy: { key: 'asc' } });

async function headPaths(projectId: string): Promise<string[]> {
  const { organizationId, headSnapshotId } = await database.prisma.project.findUniqueOrThrow({
    where: { id: projectId },
  });
  return [...(await readFiles(database.prisma, { organizationId, snapshotId: headSnapshotId ?? '' })).keys()];
}

it('a new plan that reuses the keys of approved tasks leaves what was approved as it was', async () => {
  const { own } = await built();
  const approved = await tasksOf(own.projectId);
  const { tasks, ...rest } = plan();
  const other = { ...rest, tasks: tasks.map((task) => ({ ...task, title: `${task.title} for big numbers` })) };
  script.overrides.plan = () => JSON.stringify(other);
  await replan(own, 'Make it work for big numbers.');
  await drive(
    (
      await database.prisma.run.findFirstOrThrow({
        where: { projectId: own.projectId, kind: 'design', status: 'queued' },
      })
    ).id,
  );
  const after = await tasksOf(own.projectId);
  const content = (rows: typeof after) =>
    rows.map(({ key, title, criteria, status }) => ({ key, title, criteria, status }));
  expect(content(after.slice(0, 3))).toEqual(content(approved));
  expect(after.slice(3).map(({ key, status }) => [key, status])).toEqual([
    ['T4', 'pending'],
    ['T5', 'pending'],
    ['T6', 'pending'],
  ]);
  const prompt = script.asked.filter(({ role }) => role === 'plan').at(-1)?.request.prompt;
  expect(prompt).toMatch(/FINISHED[\s\S]*Write subtract/);
  await expect(savePlan(own, 2, newPlanSchema.parse(other))).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

it('a price that rose after the plan was quoted is shown before it is approved', async () => {
  const own = await designed();
  const shown = (await viewProject(own)).quote.p90Micro;
  expect(shown).toBeGreaterThan(0n);
  const price = { inputPerMillion: 20_000_000_000n, outputPerMillion: 80_000_000_000n, cachedPerMillion: 0n };
  const id = newId();
  const approve = (atMost: bigint | undefined) => approvePlan(own, 1, undefined, atMost);
  const dearer = { id, modelRowId: MODEL, ...price, effectiveFrom: new Date() };
  await database.prisma.modelPrice.create({ data: dearer });
  await expect(approve(shown)).rejects.toMatchObject({
    code: 'conflict',
    userMessage: expect.stringContaining('Prices changed'),
  });
  const now = await viewProject(own);
  expect(now.project.status).toBe('awaiting_approval');
  expect(now.quote.p90Micro).toBeGreaterThan(shown * 5n);
  // The plan's tasks say so too; with the README they are what is approved.
  const tasks = now.tasks.reduce((sum, task) => sum + task.quoteP90Micro, 0n);
  expect(tasks).toBeGreaterThan(shown * 4n);
  expect(tasks).toBeLessThan(now.quote.p90Micro);
  await drive(await approve(now.quote.p90Micro));
  expect((await viewProject(own)).project.status).toBe('completed');
  const normal = { id: newId(), modelRowId: MODEL, ...PRICE, effectiveFrom: new Date() };
  await database.prisma.modelPrice.create({ data: normal });
});

it('a new plan for a task that was rejected to the end starts it again, with all its tries', async () => {
  script.overrides.implement = ({ task }) => (task === 'T2' ? 'I would rather not.' : undefined);
  const { own } = await built();
  const where = { id: own.projectId };
  expect(await database.prisma.project.findUniqueOrThrow({ where })).toMatchObject({ status: 'awaiting_refinement' });
  const rejected = (await tasksOf(own.projectId))[1];
  expect(rejected).toMatchObject({ status: 'rejected', attempts: 2 });
  script.overrides.plan = () => JSON.stringify(plan());
  await replan(own, 'Try it another way.');
  const design = { projectId: own.projectId, kind: 'design' as const, status: 'queued' as const };
  await drive((await database.prisma.run.findFirstOrThrow({ where: design })).id);
  let refusals = 1;
  script.overrides.implement = ({ task }) => (task === 'T2' && refusals-- > 0 ? 'Still not.' : undefined);
  await drive(await approvePlan(own, 2));
  expect(await database.prisma.project.findUniqueOrThrow({ where })).toMatchObject({ status: 'completed' });
  expect((await tasksOf(own.projectId))[1]).toMatchObject({ status: 'approved', attempts: 4 });
});

it('a run whose task wrote Readme.md finishes, with one readme', async () => {
  script.overrides.implement = ({ task }) =>
    task === 'T1' ? `${goodReply('T1')}\n${wholeFile('Readme.md', '# Sums')}` : undefined;
  const { own } = await built();
  const project = await database.prisma.project.findUniqueOrThrow({ where: { id: own.projectId } });
  expect(project.status).toBe('completed');
  expect((await headPaths(own.projectId)).filter((path) => /readme/i.test(path))).toEqual(['Readme.md']);
});

it('a rollback while a task is in review stays, and gives back what the attempt was charged', async () => {
  script.overrides.review = ({ task, before }) =>
    task === 'T3' && before < 3 ? { text: '', fault: { kind: 'status', status: 500 } } : undefined;
  const { own, runId } = await built();
  const where = { id: own.projectId };
  expect(await database.prisma.project.findUniqueOrThrow({ where })).toMatchObject({ status: 'paused' });
  const first = await database.prisma.runStep.findFirstOrThrow({ where: { runId, step: 'apply:T1' } });
  await rollbackProject(own, first.snapshotId ?? '');
  await resumeRun(own);
  await drive(runId);
  expect(await database.prisma.project.findUniqueOrThrow({ where })).toMatchObject({ status: 'completed' });
  const paths = await headPaths(own.projectId);
  expect(paths).toContain('src/multiply.js');
  expect(paths).not.toContain('src/subtract.js');
  const third = (await tasksOf(own.projectId))[2];
  expect(third).toMatchObject({ status: 'approved', attempts: 2 });
  expect(third?.absorbedMicro).toBeGreaterThan(0n);
});
