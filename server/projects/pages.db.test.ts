import { expect, it } from 'vitest';
import { newId } from '@/server/platform/ids';
import { viewChat } from '@/server/runs/chat/view-chat';
import { database, owner } from '@/test/scripted-runs';
import { viewTimeline } from './view-timeline';

const STEPS = 520;
const MESSAGES = 1_030;
const START = Date.UTC(2026, 0, 1);

/** A finished project whose run has more steps, checks and reviews, and whose chat more messages, than one page shows. */
async function longProject() {
  const { prisma } = database;
  const { organizationId } = owner;
  const projectId = newId();
  const scope = { organizationId, projectId };
  const [runId, taskId] = [newId(), newId()];
  await prisma.project.create({
    data: { id: projectId, organizationId, title: 'Long', description: 'Long', status: 'completed' },
  });
  await prisma.run.create({ data: { id: runId, ...scope, status: 'completed' } });
  await prisma.task.create({
    data: { id: taskId, ...scope, key: 'T1', position: 0, title: 'Long', status: 'approved' },
  });
  const at = (index: number) => new Date(START + index * 1000);
  const numbers = Array.from({ length: STEPS }, (_, index) => index);
  await prisma.runStep.createMany({
    data: numbers.map((index) => ({
      id: `${projectId}:${index}`,
      ...scope,
      runId,
      taskId,
      step: 'check:T1',
      attempt: index + 1,
      status: 'done' as const,
      startedAt: at(index),
    })),
  });
  await prisma.checkResult.createMany({
    data: numbers.map((index) => ({
      id: newId(),
      ...scope,
      runId,
      taskId,
      snapshotId: 'none',
      kind: 'test',
      command: `check ${index}`,
      status: 'passed',
      attempt: index + 1,
      createdAt: new Date(at(index).getTime() + 500),
    })),
  });
  await prisma.message.createMany({
    data: Array.from({ length: MESSAGES }, (_, index) => ({ id: newId(), ...scope, role: 'user', text: `${index}` })),
  });
  return { ...owner, projectId };
}

interface Page {
  nextCursor: string | null;
}

/** Every page, newest first. */
async function pagesOf<P extends Page>(read: (before: string | null) => Promise<P>): Promise<P[]> {
  const pages = [await read(null)];
  for (let cursor = pages[0]?.nextCursor ?? null; cursor !== null; ) {
    const page = await read(cursor);
    pages.push(page);
    cursor = page.nextCursor;
  }
  return pages;
}

it('shows the newest steps first, every step in some page, and each check beside its step', async () => {
  const own = await longProject();
  const pages = await pagesOf((before) => viewTimeline(own, before));
  expect(pages.map(({ steps }) => steps.length)).toEqual([200, 200, 120]);
  expect(pages[0]?.steps.at(-1)?.attempt).toBe(STEPS);
  const attempts = pages.toReversed().flatMap(({ steps }) => steps.map(({ attempt }) => attempt));
  expect(attempts).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1));
  for (const { steps, checks } of pages)
    expect(checks.map(({ attempt }) => attempt)).toEqual(steps.map(({ attempt }) => attempt));
});

it('shows the newest messages first, and every message in some page', async () => {
  const own = await longProject();
  const pages = await pagesOf((before) => viewChat(own, before));
  expect(pages[0]?.messages.at(-1)?.text).toBe(String(MESSAGES - 1));
  const texts = pages.toReversed().flatMap(({ messages }) => messages.map(({ text }) => text));
  expect(texts).toEqual(Array.from({ length: MESSAGES }, (_, index) => String(index)));
});

it('finds no page before a step of another project', async () => {
  const own = await longProject();
  const other = await longProject();
  await expect(viewTimeline(own, `${other.projectId}:3`)).rejects.toMatchObject({ code: 'not_found' });
});
