import { readFileSync } from 'node:fs';
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
import { sourcesOf, unscopedQueries } from '@/test/unscoped-queries';
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

/** Queries that are about every organization: the instance's upkeep, and its history of model calls, which holds figures only. */
const INSTANCE_WIDE = [
  // One person's projects, over all of their organizations.
  'server/projects/limit-new-projects.ts project.findMany',
  'server/billing/plans/end-grace.ts organizationPlan.findMany',
  'server/billing/plans/sync-overdue.ts OrganizationPlan in SQL',
  'server/credits/ledger/audit.ts CreditBalance in SQL',
  'server/credits/ledger/ledger.ts creditHold.findMany',
  // The condition is joined from parts; the first names the organization.
  'server/credits/reports/find-entries.ts CreditEntry in SQL',
  'server/credits/reports/notices.ts notice.findMany',
  'server/models/access/quote-call.ts ModelCall in SQL',
  'server/models/gateway/reclaim-calls.ts modelCall.findMany',
  'server/runs/engine/close-orphan-messages.ts message.findMany',
];
/** Work of the instance that no person asks for. */
const JOBS = /^server\/jobs\/(handlers\/|reclaim\.ts)/;

describe("every query on a customer's table", () => {
  it('names an organization, or a row that belongs to one', () => {
    const found = sourcesOf('server').flatMap((path) => unscopedQueries(path, readFileSync(path, 'utf8')));
    expect(found.filter((query) => !JOBS.test(query) && !INSTANCE_WIDE.includes(query))).toEqual([]);
  });

  it.each([
    ["tx.modelCall.findFirst({ where: { quality }, orderBy: { createdAt: 'desc' } })", 'modelCall.findFirst'],
    ['db().project.findMany()', 'project.findMany'],
    ["const where = { status: 'draft' }; const all = { where, take: 9 }; db().project.count(all)", 'project.count'],
    ["client.task.updateMany({ where: { status: 'running' }, data: {} })", 'task.updateMany'],
    ['tx.$queryRaw`SELECT "text" FROM "Message" WHERE "purpose" = 1`', 'Message in SQL'],
  ])('is found without one: %s', (source, query) => {
    expect(unscopedQueries('planted.ts', source)).toEqual([`planted.ts ${query}`]);
  });

  it.each([
    'tx.task.findMany({ where: { ...scopeOf(actor), status } })',
    'const where = { organizationId, projectId }; const all = { where }; db().task.count({ ...all, take: 9 })',
    'db().planVersion.count({ where: { projectId_version: { projectId, version } } })',
    'tx.$queryRaw`SELECT "text" FROM "Message" WHERE "projectId" = 1`',
    'db().llmModel.findMany()',
  ])('is not reported with one: %s', (source) => {
    expect(unscopedQueries('sound.ts', source)).toEqual([]);
  });
});

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
