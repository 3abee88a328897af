import { expect, it } from 'vitest';
import { appRouter } from '@/server/api/root';
import { createCaller } from '@/server/api/trpc';
import { commandRun, resumeRun } from '@/server/runs/engine/command-run';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { replan } from '@/server/runs/plan/replan';
import { plan, verdict } from '@/test/fake-model/scripted-project';
import { built, database, designed, drive, onT2, owner, script } from '@/test/scripted-runs';
import { checkProjectAccess } from './check-project-access';
import { viewProject } from './view-project';

/** A project as its own page and the list of projects show it. */
async function shown(projectId: string) {
  const caller = { ...owner, email: 'owner@example.test', role: 'owner' as const };
  const { projects } = await createCaller(appRouter)({ requestId: 'test', caller }).projects.list({});
  const row = projects.find(({ id }) => id === projectId);
  if (row === undefined) throw new Error('the project is not in the list');
  const view = await viewProject({ organizationId: owner.organizationId, projectId });
  expect({ p50Micro: row.quoteP50Micro, p90Micro: row.quoteP90Micro }).toEqual(view.quote);
  expect([row.chargedMicro, row.absorbedMicro]).toEqual([view.totals.chargedMicro, view.totals.absorbedMicro]);
  return view;
}

const sum = (tasks: { quoteP90Micro: bigint }[]) => tasks.reduce((total, task) => total + task.quoteP90Micro, 0n);
const ledgerOf = async (projectId: string) => {
  const { _sum } = await database.prisma.creditEntry.aggregate({
    where: { projectId, kind: { in: ['usage', 'usage_refund'] } },
    _sum: { amount: true },
  });
  return -(_sum.amount ?? 0n);
};

it('every screen shows one quote, with the README in it, before and after the approval', async () => {
  const own = await designed();
  const before = await shown(own.projectId);
  const { readmeP90Micro } = await database.prisma.project.findUniqueOrThrow({ where: { id: own.projectId } });
  expect(readmeP90Micro).toBeGreaterThan(0n);
  expect(before.quote.p90Micro).toBe(sum(before.tasks) + readmeP90Micro);
  const { qualities } = await checkProjectAccess({ ...own, userId: owner.userId }, null);
  expect(qualities.find(({ quality }) => quality === before.project.quality)?.estimate).toEqual({
    p50: before.quote.p50Micro,
    p90: before.quote.p90Micro,
  });
  // The sum on the button is the one that the approval is held to.
  await expect(approvePlan(own, 1, undefined, before.quote.p90Micro - 1n)).rejects.toMatchObject({ code: 'conflict' });
  await drive(await approvePlan(own, 1, undefined, before.quote.p90Micro));
  const after = await shown(own.projectId);
  expect(after.project.status).toBe('completed');
  expect(after.quote).toEqual(before.quote);
  expect(after.totals.chargedMicro).toBe(await ledgerOf(own.projectId));
});

it('a change is quoted by its open tasks and the README everywhere', async () => {
  const { own } = await built();
  const more = { ...plan(), tasks: plan().tasks.map((task) => ({ ...task, title: `${task.title} again` })) };
  script.overrides.plan = () => JSON.stringify(more);
  await replan(own, 'Do it again.');
  const design = { projectId: own.projectId, kind: 'design' as const, status: 'queued' as const };
  await drive((await database.prisma.run.findFirstOrThrow({ where: design })).id);
  const view = await shown(own.projectId);
  const open = view.tasks.filter(({ status }) => status === 'pending');
  const { readmeP90Micro } = await database.prisma.project.findUniqueOrThrow({ where: { id: own.projectId } });
  expect(open).toHaveLength(3);
  expect(view.quote.p90Micro).toBe(sum(open) + readmeP90Micro);
});

it('what an attempt has taken is not called charged before its verdict', async () => {
  script.overrides.review = ({ task, before }) =>
    task === 'T2' && before < 3 ? { text: '', fault: { kind: 'status', status: 500 } } : undefined;
  const { own, runId } = await built();
  const waiting = await shown(own.projectId);
  expect(waiting.project.status).toBe('paused');
  expect(waiting.totals.provisionalMicro).toBeGreaterThan(0n);
  expect(waiting.totals.chargedMicro + waiting.totals.provisionalMicro).toBe(await ledgerOf(own.projectId));
  await resumeRun(own);
  await drive(runId);
  const done = await shown(own.projectId);
  expect(done.totals).toMatchObject({ provisionalMicro: 0n, chargedMicro: await ledgerOf(own.projectId) });
});

it('a skipped task counts neither as done nor in the quote, and no criterion of it as met', async () => {
  const rejected = verdict('T2', {
    status: 'REJECTED',
    findings: [{ severity: 'blocker', criterion: 'T2.1', problem: 'It adds.', fix: 'Subtract.' }],
  });
  script.overrides.review = onT2(rejected, rejected);
  const { own, runId } = await built();
  const before = await shown(own.projectId);
  const caller = { ...owner, email: 'owner@example.test', role: 'owner' as const };
  const api = createCaller(appRouter)({ requestId: 'test', caller });
  await api.runs.refine({ projectId: own.projectId, taskKey: 'T2', choice: 'skip' });
  await drive(runId);
  const after = await shown(own.projectId);
  const skipped = after.tasks.find(({ status }) => status === 'skipped');
  expect(skipped?.criteria.map(({ met }) => met)).toEqual([null]);
  expect(after.quote.p90Micro).toBe(before.quote.p90Micro - (skipped?.quoteP90Micro ?? 0n));
  expect((await api.projects.list({})).projects[0]).toMatchObject({ tasksDone: 2, tasksSkipped: 1, tasksTotal: 3 });
  await expect(commandRun(own, 'stop')).rejects.toMatchObject({ code: 'wrong_status' });
});
