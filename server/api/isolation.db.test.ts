import { TRPCError } from '@trpc/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { buildArchive } from '@/server/projects/build-archive';
import {
  a,
  call,
  INPUTS,
  NESTED,
  namesIds,
  PATHS,
  PUBLIC,
  rowsOfA,
  seedEmptyProject,
  seedWalk,
} from '@/test/procedure-walk';
import { closeTestDb, testDb } from '@/test/test-db';
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

async function codeOf(caller: Caller | null, path: string, input?: unknown): Promise<string> {
  try {
    await (input === undefined ? call(caller, path) : call(caller, path, input));
    return 'answered';
  } catch (error) {
    return error instanceof TRPCError ? error.code : `no transport error: ${String(error)}`;
  }
}

describe('every procedure', () => {
  let stranger: Caller;
  let owner: Caller;
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
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
      const before = await rowsOfA(database);
      expect(await codeOf(stranger, path)).toBe('NOT_FOUND');
      expect(await rowsOfA(database)).toEqual(before);
      return;
    }
    const answer = await answerOrRefusal(stranger, path);
    const text =
      JSON.stringify(answer, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)) ?? '';
    for (const secret of [a.projectId, a.organizationId, 'Secret plans of A']) expect(text).not.toContain(secret);
  });

  it('nests every id that a project can hold', () => {
    const ids = ['snapshotId', 'messageId', 'taskId', 'from', 'to'];
    const inputs = Object.entries(INPUTS).map(([path, input]): [string, unknown] => [path, input()]);
    const nesting = inputs.filter(
      ([, input]) =>
        typeof input === 'object' && input !== null && 'projectId' in input && ids.some((id) => id in input),
    );
    const walked = NESTED.map(([path]) => path);
    for (const [path] of nesting) expect(walked).toContain(path);
  });

  // Beside the caller's own project: no check of the project can answer before the one of the id.
  describe.each(['a stranger', "the owner's other project"])('%s', (who) => {
    let caller: Caller;
    let projectId: string;
    beforeAll(async () => {
      caller = who === 'a stranger' ? stranger : owner;
      projectId = await seedEmptyProject(database, caller.organizationId);
    });

    it.each(NESTED)('%s finds nothing of another project', async (path, input) => {
      const before = await rowsOfA(database);
      expect(await codeOf(caller, path, input(projectId))).toBe('NOT_FOUND');
      expect(await rowsOfA(database)).toEqual(before);
    });

    it('downloads nothing of another project', async () => {
      const { organizationId } = caller;
      const archive = buildArchive({ organizationId, projectId, snapshotId: a.snapshotId });
      await expect(archive).rejects.toMatchObject({ code: 'not_found' });
    });
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
