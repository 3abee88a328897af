import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { release, renewHold, reserve } from '@/server/credits/ledger/ledger';
import { now, setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { runJob } from '@/server/platform/job-status';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { releaseStaleHolds } from './handlers/credits-upkeep';

let database: Database;
beforeAll(async () => {
  database = await testDb();
});
afterEach(() => setClockOffset(0));
afterAll(closeTestDb);

describe('a process that died in the middle of a search', () => {
  /** A call outside any run, as it is while it works. */
  async function searching() {
    const { organizationId } = await seedOrganization(database);
    const projectId = newId();
    const scope = { organizationId, projectId };
    await database.prisma.project.create({
      data: { id: projectId, organizationId, title: 'Sums', description: 'Sums' },
    });
    const { holdId } = await reserve(database.prisma, {
      ...scope,
      amount: 5n,
      idempotencyKey: newId(),
      ttlMs: 120_000,
    });
    await database.prisma.modelCall.create({
      data: {
        id: newId(),
        ...scope,
        role: 'embed',
        capability: 'ask',
        quality: 'fast',
        modelRowId: 'demo:demo',
        modelLabel: 'Demo',
        holdId,
        idempotencyKey: newId(),
        promptVersion: 'test',
        createdAt: now(),
      },
    });
    const state = async () => {
      const call = await database.prisma.modelCall.findFirstOrThrow({ where: { projectId } });
      const { held } = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
      return [call.status, held];
    };
    return { organizationId, holdId, state };
  }

  it('leaves no open call or hold; what another process keeps up stays', async () => {
    const dead = await searching();
    const alive = await searching();
    setClockOffset(360_000);
    await renewHold(database.prisma, { ...alive, ttlMs: 120_000 });
    await runJob('credits.holds', releaseStaleHolds);
    expect(await dead.state()).toEqual(['failed', 0n]);
    expect(await alive.state()).toEqual(['running', 5n]);
    await release(database.prisma, alive);
  });
});
