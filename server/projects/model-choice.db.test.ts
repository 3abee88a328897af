import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { sendMessage } from '@/server/runs/chat/send-message';
import type { Actor } from '@/server/runs/engine/actor';
import { advanceRun } from '@/server/runs/engine/engine';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { setTaskQuality } from '@/server/runs/plan/set-task-quality';
import { writeAnswers } from '@/test/answers';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { checkProjectAccess } from './check-project-access';
import { createProject } from './create-project';
import { setModel } from './project-settings';

let database: Database;
let actor: Actor & { userId: string };

beforeAll(async () => {
  database = await testDb();
  await startQueue();
});
afterAll(async () => {
  await stopQueue();
  await closeTestDb();
});

/** A project of a team plan with its plan waiting for approval. */
beforeEach(async () => {
  const owner = await seedOrganization(database, { planId: 'team' });
  const projectId = await createProject({ ...owner, example: 'expense-report' });
  actor = { ...owner, projectId };
});

async function design(): Promise<void> {
  const run = await database.prisma.run.findFirstOrThrow({ where: { projectId: actor.projectId } });
  await advanceRun(run.id, { owner: 'test' });
}

const tasks = () =>
  database.prisma.task.findMany({ where: { projectId: actor.projectId }, orderBy: { position: 'asc' } });

describe('a project on a deprecated model', () => {
  it('moves on to the successor before its next call, and the chat says so once', async () => {
    const old = {
      id: 'demo:old',
      provider: 'demo',
      modelId: 'old',
      label: 'Old demo',
      deprecatedAt: new Date(0),
      replacedById: 'demo:demo',
    };
    await database.prisma.llmModel.upsert({ where: { id: old.id }, create: old, update: {} });
    await database.prisma.project.update({ where: { id: actor.projectId }, data: { modelRef: 'demo:old' } });
    await design();
    expect(await database.prisma.project.findUnique({ where: { id: actor.projectId } })).toMatchObject({
      modelRef: 'demo:demo',
      status: 'awaiting_approval',
    });
    const said = await database.prisma.message.findMany({
      where: { projectId: actor.projectId, text: { contains: 'Old demo' } },
    });
    expect(said).toHaveLength(1);
    expect(said[0]?.text).toContain('goes on with Demo model (offline)');
    const calls = await database.prisma.modelCall.findMany({ where: { projectId: actor.projectId } });
    expect(new Set(calls.map(({ modelRowId }) => modelRowId))).toEqual(new Set(['demo:demo']));
    // A question moves it on, and says so, as a run does.
    await database.prisma.project.update({ where: { id: actor.projectId }, data: { modelRef: 'demo:old' } });
    await sendMessage(actor, 'What is this about?');
    await writeAnswers();
    const where = { projectId: actor.projectId, purpose: 'ask', role: 'assistant' as const };
    expect(await database.prisma.message.findFirst({ where })).toMatchObject({
      status: 'final',
      modelLabel: 'Demo model (offline)',
    });
    expect(
      await database.prisma.message.count({ where: { projectId: actor.projectId, text: said[0]?.text ?? '' } }),
    ).toBe(2);
    expect(await database.prisma.project.findUnique({ where: { id: actor.projectId } })).toMatchObject({
      modelRef: 'demo:demo',
    });
  }, 60_000);
});

/** The project uses a model that its plan lists at fast alone. */
async function useFastOnlyModel(): Promise<void> {
  const { prisma } = database;
  const row = { id: 'demo:small', provider: 'demo', modelId: 'small', label: 'Small demo' };
  await prisma.llmModel.upsert({ where: { id: row.id }, create: row, update: {} });
  const price = {
    inputPerMillion: 1000n,
    outputPerMillion: 1000n,
    cachedPerMillion: 1000n,
    effectiveFrom: new Date(0),
  };
  await prisma.modelPrice.createMany({ data: [{ id: 'small', modelRowId: row.id, ...price }], skipDuplicates: true });
  const listed = await prisma.planCapabilityQuality.findMany({ where: { planId: 'team', qualityId: 'fast' } });
  await prisma.planQualityModel.createMany({
    data: listed.map((level) => ({ ...level, modelRowId: row.id, priority: 80 })),
    skipDuplicates: true,
  });
  await prisma.project.update({ where: { id: actor.projectId }, data: { modelRef: row.id } });
}

describe('a project on the default', () => {
  it('goes on with the successor of a withdrawn one, not with the next in the list, and says so once', async () => {
    const { prisma } = database;
    await useFastOnlyModel();
    await prisma.project.update({ where: { id: actor.projectId }, data: { modelRef: null } });
    const next = { id: 'demo:next', provider: 'demo', modelId: 'next', label: 'Next demo' };
    await prisma.llmModel.upsert({ where: { id: next.id }, create: next, update: {} });
    const listed = await prisma.planCapabilityQuality.findMany({ where: { planId: 'team', qualityId: 'fast' } });
    await prisma.planQualityModel.createMany({
      data: listed.map((level) => ({ ...level, modelRowId: next.id, priority: 10 })),
      skipDuplicates: true,
    });
    await design();
    const before = await prisma.modelCall.count({ where: { projectId: actor.projectId, modelRowId: 'demo:demo' } });
    expect(before).toBeGreaterThan(0);
    const where = { id: 'demo:demo' };
    for (const withdrawn of [{ deprecatedAt: new Date(0) }, { active: false }]) {
      await prisma.llmModel.update({ where, data: { ...withdrawn, replacedById: 'demo:small' } });
      try {
        await sendMessage(actor, 'What is this about?');
        await writeAnswers();
        const newest = await prisma.modelCall.findFirst({
          where: { projectId: actor.projectId, role: 'ask' },
          orderBy: { createdAt: 'desc' },
        });
        expect(newest).toMatchObject({ modelRowId: 'demo:small', status: 'succeeded' });
        if (withdrawn.active === false) await advanceRun(await approvePlan(actor, 1), { owner: 'test' });
      } finally {
        await prisma.llmModel.update({ where, data: { deprecatedAt: null, active: true, replacedById: null } });
      }
    }
    const calls = await prisma.modelCall.groupBy({
      by: ['modelRowId'],
      where: { projectId: actor.projectId },
      _count: true,
    });
    expect(new Map(calls.map(({ modelRowId, _count }) => [modelRowId, _count])).get('demo:demo')).toBe(before);
    expect(calls.map(({ modelRowId }) => modelRowId).sort()).toEqual(['demo:demo', 'demo:small']);
    const said = await prisma.message.findMany({
      where: { projectId: actor.projectId, text: { contains: 'was withdrawn' } },
    });
    expect(said.map(({ text }) => text)).toEqual([expect.stringContaining('goes on with Small demo')]);
  }, 60_000);

  it('goes on with the next in the list where a withdrawn one has no successor, and says so once', async () => {
    const { prisma } = database;
    await useFastOnlyModel();
    await prisma.project.update({ where: { id: actor.projectId }, data: { modelRef: null } });
    await prisma.planQualityModel.deleteMany({ where: { modelRowId: { notIn: ['demo:demo', 'demo:small'] } } });
    await design();
    const where = { id: 'demo:demo' };
    await prisma.llmModel.update({ where, data: { deprecatedAt: new Date(0) } });
    try {
      await advanceRun(await approvePlan(actor, 1), { owner: 'test' });
    } finally {
      await prisma.llmModel.update({ where, data: { deprecatedAt: null } });
    }
    expect(await prisma.project.findUnique({ where: { id: actor.projectId } })).toMatchObject({ status: 'completed' });
    const said = await prisma.message.findMany({
      where: { projectId: actor.projectId, text: { contains: 'This project goes on with' } },
    });
    expect(said.map(({ text }) => text)).toEqual([
      expect.stringContaining('Demo model (offline) cannot be used any more here.'),
    ]);
  }, 60_000);
});

describe('the quality of a project and of a task', () => {
  it('a task of its own quality is called and quoted at it, the others at the project’s', async () => {
    await useFastOnlyModel();
    await design();
    const [first, second] = await tasks();
    await setTaskQuality(actor, { taskId: first?.id ?? '', quality: 'premium' });
    await advanceRun(await approvePlan(actor, 1), { owner: 'test' });
    const quality = async (taskId: string | undefined) => [
      ...new Set(
        (await database.prisma.modelCall.findMany({ where: { taskId: taskId ?? '' } })).map((call) => call.quality),
      ),
    ];
    expect(await quality(first?.id)).toEqual(['premium']);
    expect(await quality(second?.id)).toEqual(['fast']);
    // The project's own model does not serve premium: that task is done by another, and the project keeps its choice.
    const models = async (taskId: string | undefined) =>
      new Set(
        (await database.prisma.modelCall.findMany({ where: { taskId: taskId ?? '' } })).map((call) => call.modelRowId),
      );
    expect(await models(first?.id)).toEqual(new Set(['demo:demo']));
    expect(await models(second?.id)).toEqual(new Set(['demo:small']));
    expect(await database.prisma.project.findUnique({ where: { id: actor.projectId } })).toMatchObject({
      modelRef: 'demo:small',
    });
    await expect(setTaskQuality(actor, { taskId: first?.id ?? '', quality: null })).rejects.toMatchObject({
      code: 'wrong_status',
    });
  }, 120_000);

  it('is refused when the plan does not include it, and nothing changes', async () => {
    await design();
    await database.prisma.organizationPlan.update({
      where: { organizationId: actor.organizationId },
      data: { planId: 'free' },
    });
    const [first] = await tasks();
    await expect(setTaskQuality(actor, { taskId: first?.id ?? '', quality: 'enhanced' })).rejects.toMatchObject({
      code: 'quality_not_allowed',
    });
    await expect(setModel(actor, null, 'premium')).rejects.toMatchObject({ code: 'quality_not_allowed' });
    expect(await tasks()).toEqual(expect.arrayContaining([expect.objectContaining({ quality: null })]));
    expect(await database.prisma.project.findUnique({ where: { id: actor.projectId } })).toMatchObject({
      quality: 'fast',
    });
    const answer = await checkProjectAccess(actor, null);
    expect(answer.qualities.map(({ quality, allowed }) => [quality, allowed])).toEqual([
      ['fast', true],
      ['enhanced', false],
      ['premium', false],
    ]);
    const one = await checkProjectAccess(actor, first?.id ?? '');
    expect(one.estimate?.p90).toBeLessThan(answer.estimate?.p90 ?? 0n);
    await expect(checkProjectAccess(actor, 'somebody-elses')).rejects.toMatchObject({ code: 'not_found' });
  }, 60_000);
});
