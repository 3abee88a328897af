import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { auditLedger } from './audit';
import { clawBack } from './claw-back';
import { grant, reserve, settle } from './ledger';

describe('a claw-back', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);

  const state = async (organizationId: string) => {
    const { monthly, bonus, held, owed } = await database.prisma.creditBalance.findUniqueOrThrow({
      where: { organizationId },
    });
    expect(await auditLedger(database.prisma, organizationId)).toEqual([]);
    return { monthly, bonus, held, owed };
  };
  const topUp = (organizationId: string, amount: bigint, idempotencyKey = newId()) =>
    grant(database.prisma, { organizationId, kind: 'topup_purchase', amount, bucket: 'bonus', idempotencyKey });
  const take = (organizationId: string, amount: bigint, idempotencyKey = newId()) =>
    clawBack(database.prisma, { organizationId, amount, idempotencyKey });

  it('takes bonus that is neither spent nor needed by open holds, and the rest is owed', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 30n, bonusMicro: 100n });
    await reserve(database.prisma, { organizationId, amount: 50n, idempotencyKey: newId(), ttlMs: 60_000 });
    expect(await take(organizationId, 95n)).toEqual({ taken: 80n, owed: 15n, replayed: false });
    expect(await state(organizationId)).toEqual({ monthly: 30n, bonus: 20n, held: 50n, owed: 15n });
  });

  it('never takes monthly credits', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 500n, bonusMicro: 10n });
    expect(await take(organizationId, 40n)).toMatchObject({ taken: 10n, owed: 30n });
    expect(await state(organizationId)).toEqual({ monthly: 500n, bonus: 0n, held: 0n, owed: 30n });
  });

  it('has one effect a key, and a replay tells what that was', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 0n, bonusMicro: 60n });
    const key = newId();
    const all = await Promise.all(Array.from({ length: 10 }, () => take(organizationId, 100n, key)));
    expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(all.every(({ taken, owed }) => taken === 60n && owed === 40n)).toBe(true);
    expect(await state(organizationId)).toEqual({ monthly: 0n, bonus: 0n, held: 0n, owed: 40n });
  });

  it('is repaid by the next purchases, and only by purchases', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 0n, bonusMicro: 0n });
    await take(organizationId, 100n);
    await grant(database.prisma, {
      organizationId,
      kind: 'promo_bonus',
      amount: 5n,
      bucket: 'bonus',
      idempotencyKey: newId(),
    });
    const key = newId();
    expect(await topUp(organizationId, 70n, key)).toEqual({ granted: true, balanceAfter: 5n, repaid: 70n });
    expect(await topUp(organizationId, 70n, key)).toMatchObject({ granted: false, repaid: 0n });
    expect(await topUp(organizationId, 70n)).toMatchObject({ balanceAfter: 45n, repaid: 30n });
    expect(await topUp(organizationId, 70n)).toMatchObject({ balanceAfter: 115n, repaid: 0n });
    expect(await state(organizationId)).toEqual({ monthly: 0n, bonus: 115n, held: 0n, owed: 0n });
  });

  it('racing a settle, neither overdraws nor loses a micro-credit', async () => {
    for (let round = 0; round < 20; round++) {
      const { organizationId } = await seedOrganization(database, { monthlyMicro: 0n, bonusMicro: 100n });
      const { holdId } = await reserve(database.prisma, {
        organizationId,
        amount: 60n,
        idempotencyKey: newId(),
        ttlMs: 60_000,
      });
      const [, clawed] = await Promise.all([
        settle(database.prisma, { organizationId, holdId, actual: 10n }),
        take(organizationId, 100n),
      ]);
      expect([40n, 90n]).toContain(clawed.taken);
      expect(await state(organizationId)).toEqual({
        monthly: 0n,
        bonus: 90n - clawed.taken,
        held: 0n,
        owed: 100n - clawed.taken,
      });
    }
  });

  it('refuses an adjustment that takes what open holds need', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 0n, bonusMicro: 100n });
    await reserve(database.prisma, { organizationId, amount: 70n, idempotencyKey: newId(), ttlMs: 60_000 });
    const adjust = (amount: bigint) =>
      grant(database.prisma, {
        organizationId,
        kind: 'manual_adjustment',
        amount,
        bucket: 'bonus',
        idempotencyKey: newId(),
      });
    await expect(adjust(-31n)).rejects.toMatchObject({ code: 'insufficient_credits' });
    expect(await adjust(-30n)).toMatchObject({ granted: true, balanceAfter: 70n });
  });
});
