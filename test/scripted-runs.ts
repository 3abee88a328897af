import 'server-only';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { syncEnvironmentModels } from '@/server/models/catalogue/catalogue';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { createProject } from '@/server/projects/create-project';
import { advanceRun } from '@/server/runs/engine/engine';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { scriptedProject } from './fake-model/scripted-project';
import { type FakeModel, startFakeModel } from './fake-model/server';
import { closeTestDb, seedOrganization, testDb } from './test-db';

// Runs against a model over HTTP whose answers a test decides. Importing this sets a test file up: a database, the model with
// a price, an organization of its own for each test, and after each test the ledger audited.

export const MODEL = 'compatible:fake';
/** Nano-dollars a million tokens. */
export const PRICE = {
  inputPerMillion: 2_000_000_000n,
  outputPerMillion: 8_000_000_000n,
  cachedPerMillion: 500_000_000n,
};
export const script = scriptedProject();
export let database: Database;
export let fake: FakeModel;
export let owner: { organizationId: string; userId: string };

beforeAll(async () => {
  database = await testDb();
  await startQueue();
  fake = await startFakeModel(script.respond);
  Object.assign(process.env, {
    OPENAI_COMPATIBLE_BASE_URL: `${fake.url}/v1`,
    OPENAI_COMPATIBLE_MODELS: 'fake',
    MODEL_MAX_RETRIES: '0',
    EMBEDDER: 'off',
    LOG_LEVEL: 'fatal',
  });
  resetEnv();
  await syncEnvironmentModels(database.prisma);
  await database.prisma.modelPrice.create({
    data: {
      id: newId(),
      modelRowId: MODEL,
      ...PRICE,
      effectiveFrom: new Date(1000),
    },
  });
});
afterAll(async () => {
  await stopQueue();
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  script.reset();
  sandbox('off');
  owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
});
afterEach(async () => {
  expect(await auditLedger(database.prisma)).toEqual([]);
  expect(await database.prisma.creditHold.count({ where: { status: 'pending' } })).toBe(0);
  expect(await database.prisma.modelCall.count({ where: { status: 'running' } })).toBe(0);
  // What a task says it cost is what the ledger says.
  for (const task of await database.prisma.task.findMany({ where: { organizationId: owner.organizationId } })) {
    if (task.status !== 'approved') continue;
    const sum = await database.prisma.creditEntry.aggregate({ where: { taskId: task.id }, _sum: { amount: true } });
    expect({ task: task.key, charged: task.chargedMicro }).toEqual({
      task: task.key,
      charged: -(sum._sum.amount ?? 0n),
    });
  }
});

/** Where a test is not about commands, files are only parsed: starting Node for each check takes most of a run's time. */
export function sandbox(mode: 'auto' | 'off'): void {
  process.env.SANDBOX = mode;
  resetEnv();
}

/** Carries a run on as the queue would, without waiting for the time of its next try. */
export async function drive(runId: string): Promise<void> {
  while (typeof (await advanceRun(runId, { owner: 'test' })) === 'object');
}

/** Designs a project to its plan. */
export async function designed() {
  const projectId = await createProject({ ...owner, description: 'Three sums with tests.', modelRef: MODEL });
  const run = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
  await drive(run.id);
  return { ...owner, projectId };
}

export async function built(budget?: bigint) {
  const own = await designed();
  const runId = await approvePlan(own, 1, budget);
  await drive(runId);
  return { own, runId };
}

export async function status(projectId: string): Promise<{ project: string; tasks: [string, number][] }> {
  const project = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  const tasks = await database.prisma.task.findMany({ where: { projectId }, orderBy: { position: 'asc' } });
  return { project: project.status, tasks: tasks.map((task) => [task.status, task.attempts]) };
}

export const allDone = (second: [string, number] = ['approved', 1]) => ({
  project: 'completed',
  tasks: [['approved', 1], second, ['approved', 1]],
});

/** An override that answers task T2 from a list, in order, and then rightly. */
export const onT2 = (...answers: (string | undefined)[]) => {
  return ({ task, before }: { task: string; before: number }) => (task === 'T2' ? answers[before] : undefined);
};
