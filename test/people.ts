import { callerFrom } from '@/server/api/caller';
import { appRouter } from '@/server/api/root';
import { createCaller } from '@/server/api/trpc';
import { onboardUser } from '@/server/credits/ledger/onboard-user';
import { database } from '@/server/platform/db';
import { newId, newSecret } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { createProject } from '@/server/projects/create-project';
import { advanceRun } from '@/server/runs/engine/engine';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { closeTestDb, testDb } from './test-db';

export const SECRET_TITLE = 'Zwiebelkuchen calculator';

/** A fresh database and queue. */
export async function startApi(): Promise<void> {
  await testDb();
  await startQueue();
}

export async function stopApi(): Promise<void> {
  await stopQueue();
  await closeTestDb();
}

/** Somebody who has signed in. */
export interface Person {
  userId: string;
  email: string;
  organizationId: string;
  sessionToken: string;
}

/** Somebody with a session, onboarded as a first sign-in does it. */
export async function person(name: string): Promise<Person> {
  const { prisma } = database();
  const userId = newId();
  const email = `${name}-${userId}@zwiebel.test`;
  await prisma.user.create({
    data: { id: userId, email, name: `${name} Zwiebel`, image: 'https://zwiebel.test/a.png' },
  });
  const organizationId = await onboardUser({ id: userId, email, name: `${name} Zwiebel` });
  const sessionToken = newSecret();
  await prisma.session.create({
    data: { id: newId(), sessionToken, userId, expires: new Date(Date.now() + 86_400_000) },
  });
  return { userId, email, organizationId, sessionToken };
}

export const cookies = ({ sessionToken }: Person) => ({ cookie: `next-auth.session-token=${sessionToken}` });

/** The API as this person calls it, with the cookies of their browser. */
export async function as({ sessionToken }: Person, organizationId?: string) {
  const jar: Record<string, string | undefined> = {
    'next-auth.session-token': sessionToken,
    'plumbline-org': organizationId,
  };
  return createCaller(appRouter)({ requestId: 'test', caller: await callerFrom((name) => jar[name]) });
}

/** A project with something in every table: files, chat, plan, reviews, checks, calls. */
export async function build(owner: { userId: string; organizationId: string }): Promise<string> {
  const projectId = await createProject({ ...owner, example: 'expense-report', title: SECRET_TITLE });
  const { id } = await database().prisma.run.findFirstOrThrow({ where: { projectId } });
  await advanceRun(id, { owner: 'test' });
  await advanceRun(await approvePlan({ ...owner, projectId }, 1), { owner: 'test' });
  return projectId;
}
