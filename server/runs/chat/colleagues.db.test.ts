import { afterAll, beforeAll, expect, it } from 'vitest';
import { planSchema } from '@/server/agents/schema';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { createProject } from '@/server/projects/create-project';
import { viewProject } from '@/server/projects/view-project';
import { advanceRun } from '@/server/runs/engine/engine';
import { listPlanVersions } from '@/server/runs/plan/list-plan-versions';
import { savePlan } from '@/server/runs/plan/save-plan';
import { writeAnswers } from '@/test/answers';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { editAndResend, sendMessage } from './send-message';
import { viewChat } from './view-chat';

let database: Database;
let olga: { organizationId: string; userId: string; projectId: string };
let mia: { organizationId: string; userId: string; projectId: string };

beforeAll(async () => {
  Object.assign(process.env, { SANDBOX: 'off', EMBEDDER: 'off', LOG_LEVEL: 'fatal' });
  resetEnv();
  database = await testDb();
  await startQueue();
  const owner = await seedOrganization(database, { planId: 'team', bonusMicro: 500_000_000n });
  const { organizationId } = owner;
  const userId = newId();
  await database.prisma.user.create({ data: { id: userId, email: `${userId}@example.test`, name: 'Mia' } });
  await database.prisma.membership.create({ data: { id: newId(), organizationId, userId, role: 'member' } });
  const projectId = await createProject({ ...owner, example: 'expense-report' });
  const { id } = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
  await advanceRun(id, { owner: 'test' });
  olga = { ...owner, projectId };
  mia = { organizationId, userId, projectId };
});
afterAll(async () => {
  await stopQueue();
  await closeTestDb();
});

/** Asks, and waits until the answer is there. @returns the question's id */
async function ask(text: string): Promise<string> {
  const id = await sendMessage(mia, text);
  await answered();
  return id;
}
async function answered(): Promise<void> {
  await writeAnswers();
  const rows = await database.prisma.message.findMany({ where: { purpose: 'ask', supersededAt: null } });
  expect(rows.map(({ status }) => status)).toEqual(['final', 'final']);
}
const questions = async (reader: typeof mia) =>
  (await viewChat(reader)).messages
    .filter(({ role, purpose }) => role === 'user' && purpose === 'ask')
    .map(({ text, author, own }) => ({ text, author, own }));

it('a question is its asker’s: a colleague reads whose it is and can neither edit nor strike it out', async () => {
  const id = await ask('Which separator?');
  expect(await questions(mia)).toEqual([{ text: 'Which separator?', author: null, own: true }]);
  const forOlga = [{ text: 'Which separator?', author: 'Mia', own: false }];
  expect(await questions(olga)).toEqual(forOlga);
  await expect(editAndResend(olga, id, 'Something else?')).rejects.toMatchObject({ code: 'not_found' });
  expect(await questions(olga)).toEqual(forOlga);

  await editAndResend(mia, id, 'Which currency?');
  await answered();
  expect(await questions(olga)).toEqual([{ text: 'Which currency?', author: 'Mia', own: false }]);
});

it('a version of the plan names who saved it: the architect, the reader or a colleague', async () => {
  const { plan, planVersion } = await viewProject(mia);
  await savePlan(mia, planVersion, { ...planSchema.parse(plan), summary: 'As Mia sees it.' });
  const by = async (reader: typeof mia) => (await listPlanVersions(reader)).map((row) => row.by);
  expect(await by(olga)).toEqual(['Mia', 'architect']);
  expect(await by(mia)).toEqual(['you', 'architect']);
  const stranger = await seedOrganization(database, { planId: 'team' });
  await expect(listPlanVersions({ ...stranger, projectId: mia.projectId })).rejects.toMatchObject({
    code: 'not_found',
  });
});
