import { expect, it } from 'vitest';
import { reclaimExpired } from '@/server/jobs/reclaim';
import { newId } from '@/server/platform/ids';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { database, designed, drive, script, status } from '@/test/scripted-runs';
import { advanceRun } from './engine';
import { beginStep } from './journal';
import { takeLease } from './lease';
import { handleFailure } from './step-failure';

/** Jobs that carry this run on, and have not begun. */
async function jobsOf(runId: string): Promise<number> {
  const [row] = await database.prisma.$queryRaw<{ jobs: number }[]>`
    SELECT count(*)::int AS jobs FROM pgboss.job
    WHERE "name" = 'run.advance' AND "state" = 'created' AND "data"->>'runId' = ${runId}`;
  return row?.jobs ?? 0;
}
const read = (runId: string) => database.prisma.run.findUniqueOrThrow({ where: { id: runId } });

it('a worker that closes in mid-run hands the run over: a job for it waits, and nobody holds it', async () => {
  const own = await designed();
  const runId = await approvePlan(own, 1);
  const before = await jobsOf(runId);
  const closing = new AbortController();
  script.overrides.implement = () => {
    closing.abort();
    return undefined;
  };
  await advanceRun(runId, { owner: 'closing', signal: closing.signal });
  expect(await read(runId)).toMatchObject({ status: 'running', leaseOwner: null });
  expect(await jobsOf(runId)).toBe(before + 1);
  await drive(runId);
  expect((await status(own.projectId)).project).toBe('completed');
});

it('a run that should be going on and is nobody’s is put back into the queue, once', async () => {
  const own = await designed();
  const runId = await approvePlan(own, 1);
  await database.prisma.run.update({ where: { id: runId }, data: { status: 'running' } });
  const before = await jobsOf(runId);
  await reclaimExpired();
  await reclaimExpired();
  expect(await jobsOf(runId)).toBe(before + 1);
  expect(await read(runId)).toMatchObject({ status: 'queued', leaseOwner: null });
  await drive(runId);
  expect((await status(own.projectId)).project).toBe('completed');
});

it('a run that cannot be taken back keeps no other waiting', async () => {
  const own = await designed();
  const { organizationId, projectId } = own;
  // An answer that says not where it is written; it is older, so that it comes first.
  const broken = { id: newId(), organizationId, projectId, kind: 'ask', status: 'running', cursor: {} } as const;
  await database.prisma.run.create({ data: broken });
  const runId = await approvePlan(own, 1);
  await database.prisma.run.update({
    where: { id: runId },
    data: { status: 'running', leaseOwner: 'dead', leaseExpiresAt: new Date(0) },
  });
  const before = await jobsOf(runId);
  await reclaimExpired();
  expect(await jobsOf(runId)).toBe(before + 1);
  await database.prisma.run.delete({ where: { id: broken.id } });
  await drive(runId);
  expect((await status(projectId)).project).toBe('completed');
});

it('a lease that could not be renewed is nobody’s stop: the run goes on with the next worker', async () => {
  const own = await designed();
  const runId = await approvePlan(own, 1);
  const lease = await takeLease(runId, 'cut off');
  if (lease === null) throw new Error('held');
  const scope = { organizationId: own.organizationId, projectId: own.projectId };
  const { id: taskId } = await database.prisma.task.findFirstOrThrow({
    where: { projectId: own.projectId, key: 'T1' },
  });
  const step = await beginStep(scope, lease, { step: 'implement:T1', attempt: 1, taskId, taskKey: 'T1' });
  const run = await database.prisma.run.findUniqueOrThrow({ where: { id: runId }, include: { project: true } });
  const failure = handleFailure({ scope, run, step, lease, aborted: true }, new Error('the database went away'));
  await expect(failure).rejects.toMatchObject({ code: 'lease_lost' });
  expect((await status(own.projectId)).project).toBe('implementing');
  await database.prisma.run.update({ where: { id: runId }, data: { leaseExpiresAt: new Date(0) } });
  await reclaimExpired();
  await drive(runId);
  expect((await status(own.projectId)).project).toBe('completed');
});
