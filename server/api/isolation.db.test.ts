import { TRPCError } from '@trpc/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { approvePlan, createProject } from '@/server/runs/commands';
import { advanceRun } from '@/server/runs/engine';
import { appRouter } from './root';
import { type Caller, createCaller } from './trpc';

/** Ids of organization A, filled before the walk. */
const a = { organizationId: '', projectId: '', snapshotId: '', messageId: '' };
const project = () => ({ projectId: a.projectId });

/** One valid input for each procedure; a new procedure without one makes the test fail. */
const INPUTS: Record<string, () => unknown> = {
  'account.me': () => undefined,
  'account.signOutEverywhere': () => undefined,
  'credits.balance': () => undefined,
  'credits.history': () => ({ projectId: a.projectId }),
  'models.catalog': () => undefined,
  'projects.list': () => ({}),
  'projects.examples': () => undefined,
  'projects.create': () => ({ example: 'habit-tracker' }),
  'projects.get': project,
  'projects.archive': project,
  'projects.rename': () => ({ ...project(), title: 'stolen' }),
  'projects.setBudget': () => ({ ...project(), budgetMicro: 1n }),
  'projects.setModel': () => ({ ...project(), modelRef: null, quality: 'fast' }),
  'plan.save': () => ({
    ...project(),
    baseVersion: 1,
    plan: { summary: 's', tasks: [{ id: 'T1', title: 't', criteria: [{ id: 'T1.1', text: 'c' }] }] },
  }),
  'plan.approve': () => ({ ...project(), version: 1 }),
  'plan.versions': project,
  'plan.replan': () => ({ ...project(), note: 'change it' }),
  'runs.answer': () => ({ ...project(), answers: [] }),
  'runs.stop': project,
  'runs.pause': project,
  'runs.resume': project,
  'runs.refine': () => ({ ...project(), taskKey: 'T1', choice: 'accept' }),
  'runs.timeline': project,
  'runs.events': project,
  'chat.list': project,
  'chat.send': () => ({ ...project(), text: 'hello' }),
  'chat.editAndResend': () => ({ ...project(), messageId: a.messageId, text: 'hello' }),
  'chat.stop': project,
  'files.tree': project,
  'files.read': () => ({ ...project(), path: 'README.md' }),
  'files.snapshots': project,
  'files.diff': () => ({ ...project(), from: null, to: a.snapshotId }),
  'files.rollback': () => ({ ...project(), snapshotId: a.snapshotId }),
  'search.code': () => ({ ...project(), query: 'money' }),
};

const PATHS = Object.keys(appRouter._def.procedures).sort();

/** Calls a procedure by its path; of a subscription only the first value is taken. */
async function call(caller: Caller | null, path: string): Promise<unknown> {
  const api = createCaller(appRouter)({ requestId: 'test', caller });
  let target: unknown = api;
  for (const part of path.split('.')) target = (target as Record<string, unknown>)[part];
  const result = await (target as (input: unknown) => Promise<unknown>)(INPUTS[path]?.());
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
    const iterator = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return (await iterator.next()).value;
  }
  return result;
}

async function codeOf(caller: Caller | null, path: string): Promise<string> {
  try {
    await call(caller, path);
    return 'answered';
  } catch (error) {
    return error instanceof TRPCError ? error.code : `no transport error: ${String(error)}`;
  }
}

describe('every procedure', () => {
  let stranger: Caller;
  let owner: Caller;
  beforeAll(async () => {
    const database = await testDb();
    await startQueue();
    const mine = await seedOrganization(database);
    const other = await seedOrganization(database);
    owner = { ...mine, email: 'owner@example.test', role: 'owner' };
    stranger = { ...other, email: 'stranger@example.test', role: 'owner' };
    const projectId = await createProject({ ...mine, example: 'expense-report', title: 'Secret plans of A' });
    const design = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
    await advanceRun(design.id, { owner: 'test' });
    await advanceRun(await approvePlan({ ...mine, projectId }, 1), { owner: 'test' });
    const row = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    const message = await database.prisma.message.findFirstOrThrow({ where: { projectId, role: 'user' } });
    Object.assign(a, {
      organizationId: mine.organizationId,
      projectId,
      snapshotId: row.headSnapshotId ?? '',
      messageId: message.id,
    });
  }, 120_000);
  afterAll(async () => {
    await stopQueue();
    await closeTestDb();
  });

  it('has an input in the walk', () => {
    expect(Object.keys(INPUTS).sort()).toEqual(PATHS);
  });

  it.each(PATHS)('%s needs a signed-in person', async (path) => {
    expect(await codeOf(null, path)).toBe('UNAUTHORIZED');
  });

  it.each(PATHS)("%s gives a stranger nothing of another organization's", async (path) => {
    const input = INPUTS[path]?.();
    const names = typeof input === 'object' && input !== null && 'projectId' in input;
    if (names && path !== 'credits.history') {
      expect(await codeOf(stranger, path)).toBe('NOT_FOUND');
      return;
    }
    const answer = await call(stranger, path);
    const text =
      JSON.stringify(answer, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)) ?? '';
    for (const secret of [a.projectId, a.organizationId, 'Secret plans of A']) expect(text).not.toContain(secret);
  });

  it('answers the owner where the stranger found nothing', async () => {
    for (const path of [
      'projects.get',
      'files.tree',
      'files.read',
      'runs.timeline',
      'chat.list',
      'search.code',
      'runs.events',
    ]) {
      expect([path, await codeOf(owner, path)]).toEqual([path, 'answered']);
    }
  }, 60_000);
});
