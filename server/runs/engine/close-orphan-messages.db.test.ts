import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { viewChat } from '@/server/runs/chat/view-chat';
import { appendEvents } from '@/server/runs/stream/event-log';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { closeOrphanMessages } from './close-orphan-messages';

describe('a message whose writer died', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);

  /** A project with a run and two messages that are being written: one of the run, one an answer to a question. */
  async function twoOpenMessages() {
    const { organizationId } = await seedOrganization(database);
    const projectId = newId();
    const scope = { organizationId, projectId };
    const runId = newId();
    await database.prisma.project.create({
      data: { id: projectId, organizationId, title: 'Sums', description: 'Sums', quality: 'fast' },
    });
    await database.prisma.run.create({ data: { id: runId, ...scope, kind: 'build', planVersion: 1 } });
    for (const purpose of ['run', 'ask']) {
      const id = newId();
      await database.prisma.message.create({
        data: { id, ...scope, role: 'assistant', text: '', purpose, status: 'streaming' },
      });
      await appendEvents(database.prisma, scope, [
        { type: 'text-start', id, role: 'assistant', purpose, text: '' },
        { type: 'text-delta', id, delta: `half of ` },
        { type: 'text-delta', id, delta: purpose },
      ]);
    }
    const shown = async () =>
      (await viewChat({ ...scope, userId: null })).messages.map(({ text, status }) => [text, status]);
    return { runId, projectId, shown };
  }

  it('ends as stopped with what people saw of it, and tells open pages so, when its run is taken over', async () => {
    const { runId, projectId, shown } = await twoOpenMessages();
    expect(await closeOrphanMessages({ runId })).toBe(1);
    expect(await shown()).toEqual([
      ['half of run', 'stopped'],
      ['half of ask', 'streaming'],
    ]);
    const last = await database.prisma.runEvent.findFirst({ where: { projectId }, orderBy: { seq: 'desc' } });
    expect(last?.payload).toMatchObject({ type: 'text-end', text: 'half of run', status: 'stopped', costMicro: '0' });
    expect(await closeOrphanMessages({ runId })).toBe(0);
  });
});
