import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startWorker, type Worker } from '@/server/jobs/start-worker';
import { now, setClockOffset } from '@/server/platform/clock';
import { createProject } from '@/server/projects/create-project';
import { RUN_LIMITS } from '@/server/runs/stream/run-limits';
import { goodReply } from '@/test/fake-model/scripted-project';
import { database, MODEL, owner, script } from '@/test/scripted-runs';
import { commandRun } from './command-run';
import { advanceRun } from './engine';
import { retryPause } from './step-failure';

let worker: Worker | null = null;

afterAll(() => worker?.stop());
afterEach(() => setClockOffset(0));

async function begun() {
  const projectId = await createProject({ ...owner, description: 'Three sums with tests.', modelRef: MODEL });
  const run = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
  return { own: { ...owner, projectId }, runId: run.id };
}

/** The plan's requests of this minute and the next are used up. */
async function useUp(capability: string): Promise<void> {
  const windows = [0, 60_000].map((ms) => `minute:${new Date(now().getTime() + ms).toISOString().slice(0, 16)}`);
  const { organizationId } = owner;
  await database.prisma.rateCounter.createMany({
    data: windows.map((window) => ({ organizationId, capability, window, count: 1_000_000 })),
  });
}

/** Seconds from now at which the waiting jobs of the owner may start. */
async function jobsIn(): Promise<number[]> {
  const rows = await database.prisma.$queryRaw<{ seconds: number }[]>`
    SELECT extract(epoch FROM "start_after" - now())::float8 AS seconds FROM pgboss.job
    WHERE "name" = 'run.advance' AND "group_id" = ${owner.organizationId} AND "state" = 'created' ORDER BY 1`;
  return rows.map(({ seconds }) => seconds);
}

const project = (projectId: string) => database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });

async function eventually<T>(read: () => Promise<T | null>, withinMs: number): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (value !== null) return value;
    if (Date.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('too many requests', () => {
  it('the run waits in the queue for as long as the limit says, tells until when, and goes on', async () => {
    const { own, runId } = await begun();
    await useUp('clarify');
    const advanced = await advanceRun(runId, { owner: 'test' });
    expect(advanced).toEqual({ at: expect.any(Date) });
    const at = typeof advanced === 'object' ? advanced.at : new Date(0);
    expect(at.getTime()).toBeGreaterThan(Date.now());
    expect(at.getTime()).toBeLessThanOrEqual(Date.now() + 61_000);
    const shown = `Waiting until ${at.toISOString().slice(11, 19)} UTC`;
    expect(await project(own.projectId)).toMatchObject({
      status: 'clarifying',
      statusReason: expect.stringContaining(shown),
    });
    const run = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
    expect(run).toMatchObject({ status: 'queued', leaseOwner: null, reason: expect.stringContaining(shown) });
    const told = await database.prisma.runEvent.findFirst({
      where: { projectId: own.projectId, kind: 'data-status' },
      orderBy: { seq: 'desc' },
    });
    expect(told?.payload).toMatchObject({ status: 'clarifying', reason: expect.stringContaining(shown) });
    // The job of the beginning, which this test took the place of, and the one for later.
    const [first, later] = await jobsIn();
    expect(first).toBeLessThanOrEqual(0);
    expect(later).toBeGreaterThan((at.getTime() - Date.now()) / 1000 - 5);
    expect(script.asked).toEqual([]);
    expect(await database.prisma.runStep.count({ where: { runId, status: 'failed' } })).toBe(0);
    expect(await database.prisma.message.count({ where: { projectId: own.projectId, role: 'assistant' } })).toBe(0);

    setClockOffset(121_000);
    expect(await advanceRun(runId, { owner: 'test' })).toBe('rests');
    expect(await project(own.projectId)).toMatchObject({ status: 'awaiting_approval', statusReason: null });
  });

  it('however often: waiting is no failed try', async () => {
    const { own, runId } = await begun();
    await useUp('clarify');
    for (let tries = 0; tries < 5; tries++)
      expect(await advanceRun(runId, { owner: 'test' })).toEqual({ at: expect.any(Date) });
    expect((await project(own.projectId)).status).toBe('clarifying');
  });

  it('the longest wait is bounded: a plan may change in between', async () => {
    const { runId } = await begun();
    const day = `day:${now().toISOString().slice(0, 10)}`;
    const { organizationId } = owner;
    await database.prisma.rateCounter.create({
      data: { organizationId, capability: 'clarify', window: day, count: 1_000_000 },
    });
    const advanced = await advanceRun(runId, { owner: 'test' });
    const at = typeof advanced === 'object' ? advanced.at.getTime() : 0;
    expect(at).toBeGreaterThan(Date.now());
    expect(at).toBeLessThanOrEqual(Date.now() + RUN_LIMITS.rateWaitMaxMs);
  });

  it('a stop is honoured at once, not after the wait', async () => {
    const { own, runId } = await begun();
    await useUp('clarify');
    await advanceRun(runId, { owner: 'test' });
    await commandRun(own, 'stop');
    expect((await jobsIn()).filter((seconds) => seconds <= 0).length).toBeGreaterThanOrEqual(2);
    expect(await advanceRun(runId, { owner: 'test' })).toBe('rests');
    expect(await database.prisma.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({ status: 'stopped' });
    expect((await project(own.projectId)).status).toBe('paused');
  });
});

describe('a step that fails', () => {
  it('has pauses that grow and are bounded', () => {
    const pauses = [1, 2, 3, 4, 5, 20].map(retryPause);
    expect(pauses).toEqual([1000, 4000, 16_000, 60_000, 60_000, 60_000]);
  });

  it('is tried again by the queue, later each time, and its worker is free until then', async () => {
    script.overrides.spec = ({ before }) =>
      before < 2 ? { text: '', fault: { kind: 'status', status: 500 } } : undefined;
    script.overrides.implement = ({ task }) => goodReply(task);
    worker = await startWorker();
    const { own, runId } = await begun();
    const waits = await eventually(async () => {
      const run = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
      return run.status === 'queued' && run.reason !== null ? run : null;
    }, 20_000);
    expect(waits).toMatchObject({ leaseOwner: null, reason: expect.stringMatching(/^A step failed\. Waiting until /) });
    await eventually(async () => ((await project(own.projectId)).status === 'awaiting_approval' ? true : null), 40_000);
    const calls = await database.prisma.modelCall.findMany({
      where: { runId, role: 'spec' },
      orderBy: { createdAt: 'asc' },
    });
    expect(calls.map(({ status }) => status)).toEqual(['failed', 'failed', 'succeeded']);
    const [first = 0, second = 0, third = 0] = calls.map(({ createdAt }) => createdAt.getTime());
    expect(second - first).toBeGreaterThanOrEqual(retryPause(1));
    expect(third - second).toBeGreaterThanOrEqual(retryPause(2));
    expect((await project(own.projectId)).statusReason).toBeNull();
  }, 90_000);
});
