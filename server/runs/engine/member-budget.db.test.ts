import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { createProject } from '@/server/projects/create-project';
import { viewProject } from '@/server/projects/view-project';
import { viewTimeline } from '@/server/projects/view-timeline';
import { answerQuestions } from '@/server/runs/chat/answer-questions';
import { viewChat } from '@/server/runs/chat/view-chat';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { replan } from '@/server/runs/plan/replan';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { commandRun, resumeRun } from './command-run';
import { advanceRun } from './engine';

let database: Database;
let owner: { organizationId: string; userId: string };
let member: { organizationId: string; userId: string };

beforeAll(async () => {
  Object.assign(process.env, { SANDBOX: 'off', EMBEDDER: 'off', LOG_LEVEL: 'fatal' });
  resetEnv();
  database = await testDb();
  await startQueue();
});
afterAll(async () => {
  expect(await auditLedger(database.prisma)).toEqual([]);
  await stopQueue();
  await closeTestDb();
});
beforeEach(async () => {
  owner = await seedOrganization(database, { planId: 'team', bonusMicro: 500_000_000n });
  const { organizationId } = owner;
  const userId = newId();
  await database.prisma.user.create({ data: { id: userId, email: `${userId}@example.test`, name: 'Mem' } });
  const data = { id: newId(), organizationId, userId, role: 'member' as const, monthlyBudgetMicro: 0n };
  await database.prisma.membership.create({ data });
  member = { organizationId, userId };
});

async function designed() {
  const projectId = await createProject({ ...owner, example: 'expense-report' });
  const { id } = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
  await advanceRun(id, { owner: 'test' });
  return projectId;
}

const project = (id: string) => database.prisma.project.findUniqueOrThrow({ where: { id } });
const usedBy = (userId: string) => database.prisma.creditEntry.count({ where: { userId, kind: 'usage' } });

describe('a member without a budget', () => {
  it("does not resume a run at its starter's expense; who resumes it then pays", async () => {
    const projectId = await designed();
    const runId = await approvePlan({ ...owner, projectId }, 1);
    await commandRun({ ...owner, projectId }, 'pause');
    await advanceRun(runId, { owner: 'test' });
    expect((await project(projectId)).status).toBe('paused');
    const before = await usedBy(owner.userId);

    await resumeRun({ ...member, projectId });
    await advanceRun(runId, { owner: 'test' });
    expect(await project(projectId)).toMatchObject({
      status: 'awaiting_credits',
      statusReason: expect.stringContaining('budget of the person who continued'),
    });
    expect(await usedBy(owner.userId)).toBe(before);
    const { unlock } = await viewProject({ ...owner, projectId });
    expect(unlock).toMatchObject({ kind: 'member_budget', payer: { name: 'Mem', left: false }, available: 0n });
    expect(unlock?.missing).toBeGreaterThan(0n);

    await resumeRun({ ...owner, projectId });
    await advanceRun(runId, { owner: 'test' });
    expect((await project(projectId)).status).toBe('completed');
    expect(await usedBy(owner.userId)).toBeGreaterThan(before);
    expect(await usedBy(member.userId)).toBe(0);
  });

  it('pays for a plan they approve and a change they ask for', async () => {
    const projectId = await designed();
    const runId = await approvePlan({ ...member, projectId }, 1);
    await advanceRun(runId, { owner: 'test' });
    expect((await project(projectId)).status).toBe('awaiting_credits');
    await resumeRun({ ...owner, projectId });
    await advanceRun(runId, { owner: 'test' });
    await replan({ ...member, projectId }, 'Another separator.');
    const next = await database.prisma.run.findFirstOrThrow({ where: { projectId }, orderBy: { startedAt: 'desc' } });
    await advanceRun(next.id, { owner: 'test' });
    expect((await project(projectId)).status).toBe('awaiting_credits');
    expect(await usedBy(member.userId)).toBe(0);
  });

  it('pays for a design they answer questions for', async () => {
    const projectId = await createProject({ ...owner, example: 'csv-to-json' });
    const { id } = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
    await advanceRun(id, { owner: 'test' });
    expect((await project(projectId)).status).toBe('clarifying');
    const before = await usedBy(owner.userId);
    await answerQuestions({ ...member, projectId }, []);
    await advanceRun(id, { owner: 'test' });
    expect((await project(projectId)).status).toBe('awaiting_credits');
    expect(await usedBy(owner.userId)).toBe(before);
  });

  it('reads in the chat and the timeline no amount that is more than what their budget leaves', async () => {
    const where = { organizationId_userId: member };
    const left = async (actor: typeof owner) => {
      const projectId = await createProject({ ...actor, example: 'expense-report' });
      const { id } = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
      await advanceRun(id, { owner: 'test' });
      const { messages } = await viewChat({ ...actor, projectId });
      const { steps } = await viewTimeline({ ...actor, projectId });
      return [messages, steps].map((rows) => rows.map((row) => row.balanceMicro).filter((micro) => micro !== null));
    };
    await database.prisma.membership.update({ where, data: { monthlyBudgetMicro: 50_000_000n } });
    const [chat, timeline] = await left(member);
    expect(chat?.length).toBeGreaterThan(0);
    expect(chat?.every((micro) => micro < 50_000_000n)).toBe(true);
    expect(timeline).toEqual([]);
    for (const ofOwner of await left(owner)) {
      expect(ofOwner.length).toBeGreaterThan(0);
      expect(ofOwner.every((micro) => micro > 400_000_000n)).toBe(true);
    }
  });

  it('who leaves takes their spending along: the run pauses and says that somebody has to go on', async () => {
    const projectId = await designed();
    const where = { organizationId_userId: member };
    await database.prisma.membership.update({ where, data: { monthlyBudgetMicro: null } });
    const runId = await approvePlan({ ...member, projectId }, 1);
    await database.prisma.membership.delete({ where });
    await advanceRun(runId, { owner: 'test' });
    expect(await project(projectId)).toMatchObject({
      status: 'awaiting_credits',
      statusReason: expect.stringContaining('no longer in this organization'),
    });
    const { unlock } = await viewProject({ ...owner, projectId });
    expect(unlock).toMatchObject({ payer: { name: 'Mem', left: true } });
    expect(unlock?.missing).toBeGreaterThan(0n);
    await resumeRun({ ...owner, projectId });
    await advanceRun(runId, { owner: 'test' });
    expect((await project(projectId)).status).toBe('completed');
  });

  it("a run from before it was noted is its creator's", async () => {
    const projectId = await designed();
    const runId = await approvePlan({ ...owner, projectId }, 1);
    await database.prisma.run.update({ where: { id: runId }, data: { actingUserId: null } });
    await advanceRun(runId, { owner: 'test' });
    const spent = await database.prisma.creditEntry.findMany({ where: { runId, kind: 'usage' } });
    expect(new Set(spent.map(({ userId }) => userId))).toEqual(new Set([owner.userId]));
  });
});
