import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { type Database, db } from '@/server/platform/db';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { buildArchive } from '@/server/projects/build-archive';
import { createProject } from '@/server/projects/create-project';
import { answerQuestions } from '@/server/runs/chat/answer-questions';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { readFiles } from '@/server/workspace/snapshots';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { advanceRun } from './engine';

describe('the main job with the offline demo', () => {
  let database: Database;
  let actor: { organizationId: string; userId: string };
  beforeAll(async () => {
    database = await testDb();
    await startQueue();
    actor = await seedOrganization(database);
  });
  afterAll(async () => {
    await stopQueue();
    await closeTestDb();
  });

  it('goes from an example to a completed project, refining what a check rejected', async () => {
    const projectId = await createProject({ ...actor, example: 'csv-to-json' });
    const own = { ...actor, projectId };
    const designId = (await database.prisma.run.findFirstOrThrow({ where: { projectId } })).id;
    await advanceRun(designId, { owner: 'test' });
    expect(await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } })).toMatchObject({
      status: 'clarifying',
    });
    await answerQuestions(own, []);
    await advanceRun(designId, { owner: 'test' });
    const planned = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    expect(planned).toMatchObject({ status: 'awaiting_approval', planVersion: 1 });
    const runId = await approvePlan(own, 1);
    await advanceRun(runId, { owner: 'test' });
    const project = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    const steps = await database.prisma.runStep.findMany({ where: { runId }, orderBy: { startedAt: 'asc' } });
    expect({
      status: project.status,
      reason: project.statusReason,
      failed: steps.filter(({ status }) => status !== 'done'),
    }).toEqual({ status: 'completed', reason: null, failed: [] });
    const tasks = await database.prisma.task.findMany({ where: { projectId }, orderBy: { position: 'asc' } });
    expect(tasks.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['approved', 1],
      ['approved', 1],
      ['approved', 2],
      ['approved', 1],
    ]);
    expect(tasks[2]?.absorbedMicro).toBeGreaterThan(0n);
    const files = await readFiles(database.prisma, {
      organizationId: actor.organizationId,
      snapshotId: project.headSnapshotId ?? '',
    });
    expect([...files.keys()]).toContain('README.md');
    await expectOldManifestToBeTrue(actor.organizationId, projectId);
    expect(await auditLedger(database.prisma)).toEqual([]);
    const seqs = (
      await database.prisma.runEvent.findMany({ where: { projectId }, orderBy: { seq: 'asc' }, select: { seq: true } })
    ).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  }, 120_000);
});

/** The manifest of an earlier snapshot says nothing of what was approved after it. */
async function expectOldManifestToBeTrue(organizationId: string, projectId: string): Promise<void> {
  const first = await db().review.findFirstOrThrow({
    where: { projectId, status: 'APPROVED' },
    orderBy: { createdAt: 'asc' },
    include: { task: true },
  });
  const { manifest } = await buildArchive({ organizationId, projectId, snapshotId: first.snapshotId });
  const said = (key: string) =>
    manifest.criteria.filter(({ task }) => task === key).map(({ status, met }) => [status, met]);
  expect(new Set(said(first.task.key).flat())).toEqual(new Set(['approved', true]));
  expect(new Set(said('T4').flat())).toEqual(new Set(['not part of this snapshot', null]));
  const head = await buildArchive({ organizationId, projectId, snapshotId: null });
  expect(head.manifest.criteria.every(({ status, met }) => status === 'approved' && met === true)).toBe(true);
}
