import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import type { Database } from '@/server/platform/db';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { createProject } from '@/server/projects/create-project';
import { answerQuestions } from '@/server/runs/chat/answer-questions';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { eventually, type ServerProcess, startProcess } from '@/test/server-process';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';

const needsNative = 'needs TEST_DATABASE_URL: workers are processes of their own only there';
describe.skipIf(!process.env.TEST_DATABASE_URL)(`two worker processes (${needsNative})`, () => {
  let database: Database;
  const workers: ServerProcess[] = [];
  beforeAll(async () => {
    database = await testDb();
    await startQueue();
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
    await stopQueue();
    await closeTestDb();
  });

  /** `npm run worker`, as soon as it takes jobs. */
  async function startWorkerProcess(): Promise<void> {
    const worker = startProcess('server/jobs/worker.ts', {
      DATABASE_URL: database.pool?.options.connectionString,
      DEMO_DELAY_MS: '5',
    });
    workers.push(worker);
    await worker.says(/takes jobs/);
  }

  const projectIn = (id: string, status: string) => async () =>
    (await database.prisma.project.findUniqueOrThrow({ where: { id } })).status === status ? true : null;

  it('the other takes over within 15 s when the one at work is killed in mid-step, and nothing is done twice', async () => {
    await Promise.all([startWorkerProcess(), startWorkerProcess()]);
    const actor = await seedOrganization(database);
    const projectId = await createProject({ ...actor, example: 'csv-to-json' });
    const own = { ...actor, projectId };
    await eventually(
      async () => {
        const run = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
        return run.status === 'waiting' ? true : null;
      },
      60_000,
      'the questions',
    );
    await answerQuestions(own, []);
    await eventually(projectIn(projectId, 'awaiting_approval'), 60_000, 'the plan');
    const runId = await approvePlan(own, 1);

    // In the middle of the second task's answer: a call is open, its credits are held, its first words were written.
    const held = await eventually(
      async () => {
        const { leaseOwner } = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
        const step = await database.prisma.runStep.findFirst({
          where: { runId, step: 'implement:T2', status: 'running' },
        });
        const message = await database.prisma.message.findFirst({
          where: { projectId, status: 'streaming', metadata: { path: ['taskKey'], equals: 'T2' } },
        });
        return step !== null && message !== null && leaseOwner !== null ? { leaseOwner, message } : null;
      },
      60_000,
      'the second task is being written',
    );
    const pid = Number(held.leaseOwner.split(':')[1]);
    expect(workers.map((worker) => worker.pid)).toContain(pid);
    process.kill(pid, 'SIGKILL');
    const killedAt = Date.now();
    await eventually(
      async () => {
        const { leaseOwner } = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
        return leaseOwner !== null && leaseOwner !== held.leaseOwner ? true : null;
      },
      15_000,
      'another worker holds the run',
    );
    console.log(`taken over after ${Date.now() - killedAt} ms`);
    await eventually(projectIn(projectId, 'completed'), 120_000, 'the project is completed');

    expect(await auditLedger(database.prisma)).toEqual([]);
    expect(await database.prisma.creditHold.count({ where: { status: 'pending' } })).toBe(0);
    expect(await database.prisma.modelCall.count({ where: { status: 'running' } })).toBe(0);
    expect(await database.prisma.modelCall.count({ where: { runId, errorCode: 'process_died' } })).toBe(1);
    const steps = await database.prisma.runStep.findMany({ where: { projectId } });
    expect(steps.filter(({ status }) => status !== 'done')).toEqual([]);
    const events = await database.prisma.runEvent.findMany({ where: { projectId }, orderBy: { seq: 'asc' } });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const ends = events.flatMap(({ payload }) => {
      const said = JSON.stringify(payload);
      return said.includes('"data-step"') && said.includes('"done"') ? [said] : [];
    });
    expect(new Set(ends).size).toBe(ends.length);
    expect(ends).toHaveLength(steps.length);
    // Every finished step that called a model was paid for once.
    const calls = await database.prisma.modelCall.findMany({ where: { projectId, status: 'succeeded' } });
    const perStep = new Map<string, number>();
    for (const { stepId } of calls) perStep.set(stepId ?? '', (perStep.get(stepId ?? '') ?? 0) + 1);
    expect([...perStep.values()].filter((count) => count !== 1)).toEqual([]);
    // The thread that parses files works in a worker process.
    const parsed = await database.prisma.checkResult.findMany({ where: { projectId, kind: 'parse' } });
    expect(parsed.length).toBeGreaterThanOrEqual(2);
    expect(parsed.filter(({ status, output }) => status !== 'passed' || !/^\d+ files parsed/.test(output))).toEqual([]);
    // The half-written message is ended with what was seen of it, and the task's answer was written again.
    const abandoned = await database.prisma.message.findUniqueOrThrow({ where: { id: held.message.id } });
    expect(abandoned.status).toBe('stopped');
    expect(abandoned.text.length).toBeGreaterThan(0);
    expect(await database.prisma.message.count({ where: { projectId, status: 'streaming' } })).toBe(0);
  }, 300_000);
});
