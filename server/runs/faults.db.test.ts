import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { goodReply, replacement, scriptedProject, verdict, wholeFile } from '@/e2e/fake-model/scripted-project';
import { type FakeModel, startFakeModel } from '@/e2e/fake-model/server';
import { auditLedger } from '@/server/credits/audit';
import { grant } from '@/server/credits/ledger';
import { readReceipt } from '@/server/credits/read-receipt';
import { syncEnvironmentModels } from '@/server/models/catalog';
import { creditsFor } from '@/server/models/pricing';
import { tariff } from '@/server/models/quote';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { readFiles } from '@/server/workspace/snapshots';
import { approvePlan } from './approve-plan';
import { projectCharged } from './call';
import { commandRun, resumeRun } from './command-run';
import { createProject } from './create-project';
import { advanceRun } from './engine';
import { setBudget } from './project-settings';
import { refineTask } from './refine-task';
import { viewChat } from './view-project';
import { waitForBudget } from './waits-for';

const MODEL = 'compatible:fake';
const script = scriptedProject();
let database: Database;
let fake: FakeModel;
let owner: { organizationId: string; userId: string };

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
      inputPerMillion: 2_000_000_000n,
      outputPerMillion: 8_000_000_000n,
      cachedPerMillion: 500_000_000n,
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
function sandbox(mode: 'auto' | 'off'): void {
  process.env.SANDBOX = mode;
  resetEnv();
}

/** Carries a run on as the queue would, without waiting for the time of its next try. */
async function drive(runId: string): Promise<void> {
  while (typeof (await advanceRun(runId, { owner: 'test' })) === 'object');
}

/** Designs a project to its plan. */
async function designed() {
  const projectId = await createProject({ ...owner, description: 'Three sums with tests.', modelRef: MODEL });
  const run = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
  await drive(run.id);
  return { ...owner, projectId };
}

const waitsForBudget = async (own: { organizationId: string; projectId: string }) =>
  (await waitForBudget(own.organizationId, [{ id: own.projectId, status: 'awaiting_credits' }])).has(own.projectId);

async function built(budget?: bigint) {
  const own = await designed();
  const runId = await approvePlan(own, 1, budget);
  await drive(runId);
  return { own, runId };
}

async function status(projectId: string): Promise<{ project: string; tasks: [string, number][] }> {
  const project = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  const tasks = await database.prisma.task.findMany({ where: { projectId }, orderBy: { position: 'asc' } });
  return { project: project.status, tasks: tasks.map((task) => [task.status, task.attempts]) };
}

const allDone = (second: [string, number] = ['approved', 1]) => ({
  project: 'completed',
  tasks: [['approved', 1], second, ['approved', 1]],
});

async function headFiles(projectId: string): Promise<Map<string, string>> {
  const project = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  return readFiles(database.prisma, {
    organizationId: project.organizationId,
    snapshotId: project.headSnapshotId ?? '',
  });
}

/** An override that answers task T2 from a list, in order, and then rightly. */
const onT2 = (...answers: (string | undefined)[]) => {
  return ({ task, before }: { task: string; before: number }) => (task === 'T2' ? answers[before] : undefined);
};

async function eventually(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a whole run over HTTP', () => {
  it('builds, checks, reviews and documents three tasks', async () => {
    sandbox('auto');
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    expect([...(await headFiles(own.projectId)).keys()].sort()).toEqual([
      'README.md',
      'package.json',
      ...['add', 'multiply', 'subtract'].map((name) => `src/${name}.js`),
      ...['add', 'multiply', 'subtract'].map((name) => `test/${name}.test.js`),
    ]);
    expect(script.asked.map(({ role, task }) => role + task)).toEqual([
      'clarify',
      'spec',
      'plan',
      ...['T1', 'T2', 'T3'].flatMap((key) => [`implement${key}`, `review${key}`]),
      'document',
    ]);
  });

  it('a provider that is broken for a moment costs nothing and the step is tried again', async () => {
    script.overrides.implement = ({ task, before }) =>
      task === 'T2' && before === 0
        ? { text: goodReply('T2'), fault: { kind: 'cut' } }
        : task === 'T2' && before === 1
          ? { text: '', fault: { kind: 'status', status: 500 } }
          : undefined;
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    const failed = await database.prisma.modelCall.findMany({ where: { projectId: own.projectId, status: 'failed' } });
    expect(failed.map(({ chargedMicro }) => chargedMicro)).toEqual([0n, 0n]);
  });

  it('an empty specification is not used, not charged, and asked for again', async () => {
    script.overrides.spec = ({ before }) => (before === 0 ? '' : undefined);
    const { projectId } = await designed();
    expect(await status(projectId)).toMatchObject({ project: 'awaiting_approval' });
    const calls = await database.prisma.modelCall.findMany({
      where: { projectId, role: 'spec' },
      orderBy: { createdAt: 'asc' },
    });
    expect(calls.map((call) => call.status)).toEqual(['failed', 'succeeded']);
  });
});

describe('edits that must not be applied', () => {
  it('an edit that matches twice is refused with its places and asked for again', async () => {
    const twice = 'function f() {\n  return 1;\n}\nfunction g() {\n  return 1;\n}\nexport { f, g };';
    script.overrides.implement = ({ task, before }) => {
      if (task === 'T1') return `${goodReply('T1')}\n${wholeFile('src/twice.js', twice)}`;
      if (task !== 'T2') return undefined;
      return before === 0
        ? `${goodReply('T2')}\n${replacement('src/twice.js', '  return 1;', '  return 2;')}`
        : replacement('src/twice.js', 'function g() {\n  return 1;', 'function g() {\n  return 2;');
    };
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    const repair = script.asked.filter(({ role, task }) => role === 'implement' && task === 'T2')[1];
    expect(repair?.request.prompt).toMatch(/REFUSED[\s\S]*src\/twice\.js[\s\S]*\b2\b[\s\S]*\b5\b/);
    const files = await headFiles(own.projectId);
    expect(files.get('src/twice.js')?.trim()).toBe(
      'function f() {\n  return 1;\n}\nfunction g() {\n  return 2;\n}\nexport { f, g };',
    );
    expect(files.has('src/subtract.js')).toBe(true);
  });

  it('a placeholder in place of code is refused and asked for again', async () => {
    const lazy = wholeFile('src/add.js', '// ... rest of the code unchanged ...');
    script.overrides.implement = onT2(
      `${goodReply('T2')}\n${lazy}`,
      wholeFile('src/add.js', 'export function add(a, b) {\n  return b + a;\n}'),
    );
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    expect((await headFiles(own.projectId)).get('src/add.js')).toContain('return b + a;');
  });

  it('an answer cut off at the output limit is not applied; the next attempt is', async () => {
    script.overrides.implement = ({ task, before }) =>
      task === 'T2' && before === 0 ? { text: goodReply('T2').slice(0, 90), finishReason: 'length' } : undefined;
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
  });

  it('a path that leaves the project is refused, also the second time', async () => {
    const evil = wholeFile('../evil.js', 'export const evil = true;');
    script.overrides.implement = onT2(`${goodReply('T2')}\n${evil}`, evil);
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    expect([...(await headFiles(own.projectId)).keys()].filter((path) => path.includes('evil'))).toEqual([]);
    const review = await database.prisma.review.findFirstOrThrow({ where: { runId, status: 'REJECTED' } });
    expect(JSON.stringify(review.findings)).toContain('evil');
  });

  it('an empty answer ends the attempt, free', async () => {
    script.overrides.implement = onT2('');
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
  });
});

describe('verdicts', () => {
  it('approved without evidence becomes rejected by the code', async () => {
    script.overrides.review = onT2(verdict('T2', { criteria: [{ id: 'T2.1', met: true, evidence: '  ' }] }));
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    const review = await database.prisma.review.findFirstOrThrow({ where: { runId, status: 'REJECTED' } });
    expect(review).toMatchObject({ modelStatus: 'APPROVED', decidedBy: 'a criterion was called met without evidence' });
  });

  it('approved with a failing test becomes rejected by the code', async () => {
    sandbox('auto');
    script.overrides.implement = onT2(goodReply('T2').replace('a - b', 'a + b'));
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    const review = await database.prisma.review.findFirstOrThrow({ where: { runId, status: 'REJECTED' } });
    expect(review).toMatchObject({
      modelStatus: 'APPROVED',
      decidedBy: 'a required check did not pass on this snapshot',
    });
  });

  it('one that cannot be read is repaired, and the unreadable one is free', async () => {
    script.overrides.review = onT2('{"status":"MAYBE"}');
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
  });

  it('one that can never be read pauses the run and is free; resuming goes on', async () => {
    script.overrides.review = ({ task }) => (task === 'T2' ? 'I cannot say.' : undefined);
    const { own, runId } = await built();
    expect(await status(own.projectId)).toMatchObject({ project: 'paused' });
    const task = await database.prisma.task.findFirstOrThrow({ where: { projectId: own.projectId, key: 'T2' } });
    const calls = await database.prisma.modelCall.findMany({
      where: { runId, role: 'review', taskId: task.id },
      select: { id: true },
    });
    expect(calls.length).toBeGreaterThanOrEqual(2);
    const net = await database.prisma.creditEntry.aggregate({
      where: { modelCallId: { in: calls.map(({ id }) => id) } },
      _sum: { amount: true },
    });
    expect(net._sum.amount).toBe(0n);
    script.overrides = {};
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
  });
});

describe('the loop ends', () => {
  const stubborn = ({ task }: { task: string }) =>
    task === 'T2'
      ? verdict('T2', {
          status: 'REJECTED',
          criteria: [{ id: 'T2.1', met: false, evidence: '' }],
          findings: [{ criterion: 'T2.1', severity: 'major', problem: 'It is wrong in 2 places.', fix: '' }],
        })
      : undefined;

  it.each(['accept', 'skip', 'retry'] as const)(
    'after the same finding twice, and the user says %s',
    async (choice) => {
      script.overrides.review = stubborn;
      const { own, runId } = await built();
      expect((await status(own.projectId)).project).toBe('awaiting_refinement');
      expect((await status(own.projectId)).tasks[1]).toEqual(['rejected', 2]);
      script.overrides = {};
      await refineTask(own, { taskKey: 'T2', choice });
      await drive(runId);
      const ends = { accept: ['accepted', 2], skip: ['skipped', 2], retry: ['approved', 3] } as const;
      const [ending, attempts] = ends[choice];
      expect(await status(own.projectId)).toEqual(allDone([ending, attempts]));
      expect((await headFiles(own.projectId)).has('src/subtract.js')).toBe(choice !== 'skip');
    },
  );

  it('and only approved attempts were charged', async () => {
    script.overrides.review = onT2(stubborn({ task: 'T2' }));
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    const calls = await database.prisma.modelCall.findMany({
      where: { projectId: own.projectId, status: 'succeeded' },
    });
    const steps = await database.prisma.runStep.findMany({ where: { runId, step: { endsWith: ':T2' }, attempt: 1 } });
    const rejected = calls.filter(({ stepId }) => steps.some(({ id }) => id === stepId));
    expect(rejected).toHaveLength(2);
    const price = (list: typeof calls) => list.reduce((sum, call) => sum + creditsFor(call.costNano, tariff()), 0n);
    expect(await projectCharged(own.projectId)).toBe(price(calls) - price(rejected));
    const task = await database.prisma.task.findFirstOrThrow({ where: { projectId: own.projectId, key: 'T2' } });
    expect(task.absorbedMicro).toBe(price(rejected));

    // The chat says so beside the message, and the review's refund leads to the lines that it reviewed.
    const { messages } = await viewChat(own);
    expect(messages.filter(({ notCharged }) => notCharged).map(({ costMicro }) => costMicro)).toEqual(
      rejected.filter(({ role }) => role === 'implement').map(({ chargedMicro }) => chargedMicro),
    );
    const review = rejected.find(({ role }) => role === 'review');
    const refund = await database.prisma.creditEntry.findFirstOrThrow({
      where: { modelCallId: review?.id ?? '', kind: 'usage_refund' },
    });
    const { step } = await readReceipt({ organizationId: own.organizationId, entryId: refund.id });
    expect(step).toMatchObject({ difference: 'reviewed', snapshotId: expect.any(String) });
  });
});

describe('money and stopping', () => {
  it('out of credits pauses, and the same run goes on after a grant', async () => {
    const own = await designed();
    const { monthly } = await database.prisma.creditBalance.findUniqueOrThrow({
      where: { organizationId: own.organizationId },
    });
    const drain = async (amount: bigint, bucket: 'monthly' | 'bonus') =>
      grant(database.prisma, {
        organizationId: own.organizationId,
        kind: 'manual_adjustment',
        amount,
        bucket,
        idempotencyKey: newId(),
      });
    await drain(-monthly, 'monthly');
    await drain(-500_000_000n + 10n, 'bonus');
    const runId = await approvePlan(own, 1);
    await drive(runId);
    expect((await status(own.projectId)).project).toBe('awaiting_credits');
    expect(await waitsForBudget(own)).toBe(false);
    await drain(400_000_000n, 'bonus');
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
    expect(await database.prisma.run.count({ where: { projectId: own.projectId, kind: 'build' } })).toBe(1);
  });

  it('a budget that is used up pauses before the step, and a larger one goes on', async () => {
    const { own, runId } = await built(1n);
    expect((await status(own.projectId)).project).toBe('awaiting_credits');
    expect(await waitsForBudget(own)).toBe(true);
    expect(script.asked.filter(({ role }) => role === 'implement')).toEqual([]);
    await setBudget(own, null);
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
  });

  it('a stop in the middle of an answer is free, and resuming does that step again', async () => {
    const own = await designed();
    script.overrides.implement = ({ task, before }) =>
      task === 'T2' && before === 0 ? { text: goodReply('T2'), fault: { kind: 'hang' } } : undefined;
    const runId = await approvePlan(own, 1);
    const running = drive(runId);
    await eventually(() => script.asked.some(({ role, task }) => role === 'implement' && task === 'T2'));
    await commandRun(own, 'stop');
    await running;
    expect((await status(own.projectId)).project).toBe('paused');
    expect(await database.prisma.run.findUnique({ where: { id: runId } })).toMatchObject({ status: 'stopped' });
    const aborted = await database.prisma.modelCall.findMany({ where: { runId, status: 'aborted' } });
    expect(aborted.map(({ chargedMicro }) => chargedMicro)).toEqual([0n]);
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
  });
});
