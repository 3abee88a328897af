import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { suiteSize } from '@/test/suite-size';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { reclaimOpenCalls } from './reclaim-calls';

const native = process.env.TEST_DATABASE_URL !== undefined;
const plainly = native ? '' : ' (skipped: needs TEST_DATABASE_URL: what is killed is a process of its own)';
/** Every statement in the long form, each fifth in the short one. */
const STEP = suiteSize(5, 1);

describe.skipIf(!native)(`a call whose process is killed between two statements${plainly}`, () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);

  /** @returns whether the call came to its end before statement `last`. */
  async function callUntil(last: number, owner: { organizationId: string; userId: string }, key: string) {
    const url = database.pool?.options.connectionString ?? '';
    const child = spawn(
      process.execPath,
      [
        '--import',
        './scripts/register.mjs',
        'test/killed-call.ts',
        url,
        owner.organizationId,
        owner.userId,
        key,
        String(last),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
    });
    const [code, signal] = await once(child, 'exit');
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(said);
    return code === 0;
  }

  it('is paid with its effect, or neither: nothing is held, charged or done by half', {
    timeout: 300_000,
  }, async () => {
    const seen = new Set<string>();
    let ended = false;
    for (let last = 1; !ended; last += STEP) {
      const owner = await seedOrganization(database, { planId: 'pro' });
      const { organizationId } = owner;
      const before = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
      const key = newId();
      ended = await callUntil(last, owner, key);
      await reclaimOpenCalls({ createdBefore: new Date(Date.now() + 60_000) });
      const after = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
      const { name } = await database.prisma.organization.findUniqueOrThrow({ where: { id: organizationId } });
      const call = await database.prisma.modelCall.findUnique({ where: { idempotencyKey: key } });
      const charged = before.monthly + before.bonus - after.monthly - after.bonus;
      const isPaid = charged > 0n;
      expect({ last, held: after.held, isDone: name === 'paid for', charged: call?.chargedMicro ?? 0n }).toEqual({
        last,
        held: 0n,
        isDone: isPaid,
        charged,
      });
      expect(call?.status ?? 'none').toBe(isPaid ? 'succeeded' : call === null ? 'none' : 'failed');
      expect(await auditLedger(database.prisma)).toEqual([]);
      seen.add(call?.status ?? 'none');
    }
    expect([...seen].sort()).toEqual(['failed', 'none', 'succeeded']);
  });
});
