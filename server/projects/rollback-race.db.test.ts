import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { reserve, settle } from '@/server/credits/ledger/ledger';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import type { Actor } from '@/server/runs/engine/actor';
import { cursorSchema } from '@/server/runs/engine/attempt';
import { createSnapshot } from '@/server/workspace/snapshots';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { rollbackProject } from './rollback-project';

const CHARGED = 700n;
const DEADLINE_MS = 20_000;

let database: Database;
beforeAll(async () => {
  database = await testDb();
});
afterAll(closeTestDb);

/** A paused build whose first task has an attempt that was paid for and never reviewed. */
async function pausedBuild(): Promise<{ actor: Actor; runId: string; taskId: string; snapshotId: string }> {
  const { prisma } = database;
  const owner = await seedOrganization(database);
  const { organizationId } = owner;
  const [projectId, runId, taskId, stepId, callId] = [newId(), newId(), newId(), newId(), newId()];
  await prisma.project.create({
    data: { id: projectId, organizationId, title: 'Race', description: 'race', status: 'paused' },
  });
  const scope = { organizationId, projectId };
  const snapshotOf = (parentId: string | null, path: string) =>
    prisma.$transaction((tx) =>
      createSnapshot(tx, { ...scope, parentId, changes: new Map([[path, path]]), label: path }),
    );
  const first = await snapshotOf(null, 'a.txt');
  const second = await snapshotOf(first.snapshotId, 'b.txt');
  await prisma.project.update({ where: { id: projectId }, data: { headSnapshotId: second.snapshotId } });
  await prisma.run.create({ data: { id: runId, ...scope, status: 'paused' } });
  await prisma.task.create({ data: { id: taskId, ...scope, key: 'T1', position: 1, title: 'One', status: 'running' } });
  await prisma.runStep.create({
    data: { id: stepId, ...scope, runId, taskId, step: 'implement:T1', attempt: 1, status: 'done' },
  });
  const { holdId } = await reserve(prisma, { organizationId, amount: 900n, idempotencyKey: callId, ttlMs: 60_000 });
  await prisma.modelCall.create({
    data: {
      id: callId,
      ...scope,
      runId,
      taskId,
      stepId,
      role: 'implement',
      capability: 'implement',
      quality: 'fast',
      modelRowId: 'demo:demo',
      modelLabel: 'Demo',
      holdId,
      idempotencyKey: callId,
      promptVersion: 'test-1',
      status: 'succeeded',
      chargedMicro: CHARGED,
    },
  });
  await settle(prisma, { organizationId, holdId, actual: CHARGED, modelCallId: callId });
  return { actor: { ...owner, projectId }, runId, taskId, snapshotId: first.snapshotId };
}

/** The attempt was dropped once: one try given back, its charge refunded once. */
async function expectDroppedOnce({ actor, runId, taskId }: Awaited<ReturnType<typeof pausedBuild>>): Promise<void> {
  const { prisma } = database;
  const task = await prisma.task.findUniqueOrThrow({ where: { id: taskId } });
  const run = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
  expect(task).toMatchObject({ attempts: 1, absorbedMicro: CHARGED });
  // As many tries given back as were dropped: none is lost.
  expect(cursorSchema.parse(run.cursor).base).toEqual({ T1: 1 });
  const { organizationId } = actor;
  expect(await prisma.creditEntry.count({ where: { organizationId, kind: 'usage_refund' } })).toBe(1);
  expect(await auditLedger(prisma, organizationId)).toEqual([]);
}

it('two rollbacks, one after the other, drop an open attempt once', async () => {
  const build = await pausedBuild();
  await rollbackProject(build.actor, build.snapshotId);
  await rollbackProject(build.actor, build.snapshotId);
  await expectDroppedOnce(build);
});

it('a rollback that is refused drops nothing', async () => {
  const build = await pausedBuild();
  const where = { id: build.actor.projectId };
  await database.prisma.project.update({ where, data: { status: 'implementing' } });
  await expect(rollbackProject(build.actor, build.snapshotId)).rejects.toMatchObject({ code: 'wrong_status' });
  expect(await database.prisma.task.findUniqueOrThrow({ where: { id: build.taskId } })).toMatchObject({ attempts: 0 });
});

const url = process.env.TEST_DATABASE_URL ?? '';
const plainly = url === '' ? ' (skipped: needs TEST_DATABASE_URL)' : '';
describe.skipIf(url === '')(`on native Postgres${plainly}`, () => {
  it('two rollbacks at once drop an open attempt once', async () => {
    const build = await pausedBuild();
    const { prisma } = database;
    // Both have begun, and wait for the balance, before either may go on.
    let rollbacks: Promise<unknown>[] = [];
    await prisma.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM "CreditBalance" WHERE "organizationId" = ${build.actor.organizationId} FOR UPDATE`;
        rollbacks = [1, 2].map(() => rollbackProject(build.actor, build.snapshotId));
        await untilWaiting(2);
      },
      { timeout: DEADLINE_MS + 5000 },
    );
    await Promise.all(rollbacks);
    await expectDroppedOnce(build);
  }, 60_000);

  /** Until this many sessions of the database wait for a lock. */
  async function untilWaiting(sessions: number): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const [row] = await database.prisma.$queryRaw<{ waiting: bigint }[]>`
        SELECT count(*) AS waiting FROM pg_stat_activity WHERE "datname" = current_database() AND "wait_event_type" = 'Lock'`;
      if (row?.waiting === BigInt(sessions)) return;
      if (Date.now() > deadline) throw new Error(`${row?.waiting} sessions wait, not ${sessions}`);
      await delay(20);
    }
  }
});
