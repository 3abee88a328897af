import { TRPCError } from '@trpc/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { closeTestDb, testDb } from '@/server/platform/test-db';
import { a, call, INPUTS, namesIds, PATHS, PUBLIC, seedWalk } from './test-walk';
import type { Caller } from './trpc';

/** What comes back; a refusal's code and message too, because they may tell as much as an answer. */
async function answerOrRefusal(caller: Caller, path: string): Promise<unknown> {
  try {
    return await call(caller, path);
  } catch (error) {
    if (error instanceof TRPCError && error.code !== 'INTERNAL_SERVER_ERROR') return [error.code, error.message];
    throw error;
  }
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
    ({ owner, stranger } = await seedWalk(database));
  }, 120_000);
  afterAll(async () => {
    await stopQueue();
    await closeTestDb();
  });

  it('has an input in the walk', () => {
    expect(Object.keys(INPUTS).sort()).toEqual(PATHS);
  });

  it.each(PATHS)('%s needs a signed-in person, unless it is public', async (path) => {
    expect(await codeOf(null, path)).toBe(PUBLIC.has(path) ? 'answered' : 'UNAUTHORIZED');
  });

  it.each(PATHS)("%s gives a stranger nothing of another organization's", async (path) => {
    if (namesIds(path)) {
      expect(await codeOf(stranger, path)).toBe('NOT_FOUND');
      return;
    }
    const answer = await answerOrRefusal(stranger, path);
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
