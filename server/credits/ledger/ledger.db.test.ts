import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCredits, parseCredits } from '@/server/credits/schema';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { getBalance } from './balance';
import { absorbCalls, expireStaleHolds, grant, release, renewHold, reserve, resetMonth, settle } from './ledger';
import { onboardUser } from './onboard-user';

describe('the ledger', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(async () => {
    setClockOffset(0);
    await closeTestDb();
  });
  const account = (monthlyMicro: bigint, bonusMicro = 0n) => seedOrganization(database, { monthlyMicro, bonusMicro });
  const hold = (organizationId: string, amount: bigint, key = newId(), ttlMs = 60_000) =>
    reserve(database.prisma, { organizationId, amount, idempotencyKey: key, ttlMs });

  it('settles to the true cost, monthly before bonus, and gives the rest of the hold back', async () => {
    const { organizationId } = await account(100n, 50n);
    const { holdId } = await hold(organizationId, 140n);
    expect(await getBalance(database.prisma, organizationId)).toMatchObject({ held: 140n, available: 10n });
    expect(await settle(database.prisma, { organizationId, holdId, actual: 120n })).toMatchObject({
      charged: 120n,
      absorbed: 0n,
      balanceAfter: 30n,
    });
    expect(await getBalance(database.prisma, organizationId)).toMatchObject({ monthly: 0n, bonus: 30n, held: 0n });
    const entry = await database.prisma.creditEntry.findFirstOrThrow({ where: { organizationId, kind: 'usage' } });
    expect(entry).toMatchObject({ estimated: 140n, actual: 120n, variance: -20n });
  });

  it('records what a cost above the hold and the balance leaves as absorbed', async () => {
    const { organizationId } = await account(100n);
    const { holdId } = await hold(organizationId, 60n);
    const other = await hold(organizationId, 30n);
    expect(await settle(database.prisma, { organizationId, holdId, actual: 500n })).toMatchObject({
      charged: 70n,
      absorbed: 430n,
    });
    expect(await settle(database.prisma, { organizationId, holdId: other.holdId, actual: 30n })).toMatchObject({
      charged: 30n,
      balanceAfter: 0n,
    });
  });

  it('one idempotency key has one effect, however concurrently it is sent', async () => {
    const { organizationId } = await account(1000n);
    const key = newId();
    const holds = await Promise.all(Array.from({ length: 20 }, () => hold(organizationId, 10n, key)));
    expect(new Set(holds.map(({ holdId }) => holdId)).size).toBe(1);
    const holdId = holds[0]?.holdId ?? '';
    const settled = await Promise.all(
      Array.from({ length: 20 }, () => settle(database.prisma, { organizationId, holdId, actual: 7n })),
    );
    expect(settled.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const grants = await Promise.all(
      Array.from({ length: 20 }, () =>
        grant(database.prisma, {
          organizationId,
          kind: 'promo_bonus',
          amount: 5n,
          bucket: 'bonus',
          idempotencyKey: `promo:${organizationId}`,
        }),
      ),
    );
    expect(grants.filter(({ granted }) => granted)).toHaveLength(1);
    expect(await getBalance(database.prisma, organizationId)).toMatchObject({ monthly: 993n, bonus: 5n, held: 0n });
  });

  it('N concurrent reserves of a against b grant exactly floor(b / a)', async () => {
    for (const [balance, amount] of [
      [100n, 7n],
      [50n, 50n],
      [99n, 10n],
      [5n, 6n],
    ] as const) {
      const { organizationId } = await account(balance);
      const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => hold(organizationId, amount)));
      expect(BigInt(outcomes.filter(({ status }) => status === 'fulfilled').length)).toBe(balance / amount);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          expect(isAppError(outcome.reason) && outcome.reason.code).toBe('insufficient_credits');
      }
    }
  });

  it('a late settle after expiry still charges, and is reported', async () => {
    const { organizationId } = await account(100n);
    const { holdId } = await hold(organizationId, 40n, newId(), 1000);
    setClockOffset(5000);
    expect(await expireStaleHolds(database.prisma)).toBe(1);
    expect(await getBalance(database.prisma, organizationId)).toMatchObject({ held: 0n, available: 100n });
    expect(await settle(database.prisma, { organizationId, holdId, actual: 30n })).toMatchObject({
      charged: 30n,
      late: true,
    });
    setClockOffset(0);
  });

  it('refuses to change or delete entries and closed holds', async () => {
    const { organizationId } = await account(100n);
    const { holdId } = await hold(organizationId, 40n);
    await settle(database.prisma, { organizationId, holdId, actual: 30n });
    await expect(
      database.prisma.creditEntry.updateMany({ where: { organizationId }, data: { amount: 0n } }),
    ).rejects.toThrow(/append-only/);
    await expect(database.prisma.creditEntry.deleteMany({ where: { organizationId } })).rejects.toThrow(/append-only/);
    await expect(
      database.prisma.creditHold.updateMany({ where: { id: holdId }, data: { settledAmount: 1n } }),
    ).rejects.toThrow(/never changes/);
    await expect(database.prisma.modelPrice.updateMany({ data: { inputPerMillion: 0n } })).rejects.toThrow(
      /append-only/,
    );
  });

  it('a reset expires monthly credits, keeps bonus and open holds, once a period', async () => {
    const { organizationId } = await account(60n, 40n);
    await hold(organizationId, 30n, newId(), 100 * 86_400_000);
    setClockOffset(70 * 86_400_000);
    const effects = await Promise.all([1, 2, 3].map(() => resetMonth(database.prisma, organizationId)));
    expect(effects.filter(Boolean)).toHaveLength(1);
    expect(await getBalance(database.prisma, organizationId)).toMatchObject({
      monthly: 10_000_000n,
      bonus: 40n,
      held: 30n,
    });
    setClockOffset(0);
  });

  it('onboards a person once, however many sign-ins race', async () => {
    const userId = newId();
    const email = `${userId}@example.test`;
    await database.prisma.user.create({ data: { id: userId, email } });
    const ids = await Promise.all(Array.from({ length: 20 }, () => onboardUser({ id: userId, email })));
    expect(new Set(ids).size).toBe(1);
    expect(await getBalance(database.prisma, ids[0] ?? '')).toMatchObject({ monthly: 10_000_000n, bonus: 10_000_000n });
    expect(await database.prisma.membership.count({ where: { userId } })).toBe(1);
  });

  it('finds a hold and a call by their own keys, however many others the account has', async () => {
    const { organizationId } = await account(1_000_000n);
    await database.prisma.$queryRaw`
      SELECT (ledger_reserve('many-' || n, ${organizationId}, 1, 'many-' || n, now(), now() + interval '1 hour', NULL, NULL, NULL, NULL, NULL)).outcome
      FROM generate_series(1, 500) n`;
    // Counted inside of one transaction: rows read by index, whatever the planner chose. Five or six are one hold's.
    const read = await database.prisma.$transaction(async (tx) => {
      const rowsRead = async () => {
        const [row] = await tx.$queryRaw<{ rows: number }[]>`
          SELECT sum("idx_tup_fetch" + "seq_tup_read")::int AS rows FROM pg_stat_xact_user_tables WHERE "relname" IN ('CreditHold', 'CreditEntry')`;
        return row?.rows ?? 0;
      };
      const before = await rowsRead();
      await settle(tx, { organizationId, holdId: 'many-7', actual: 1n, modelCallId: 'call-of-many' });
      await release(tx, { organizationId, holdId: 'many-8' });
      await renewHold(tx, { organizationId, holdId: 'many-9', ttlMs: 7_200_000 });
      await absorbCalls(tx, { organizationId, modelCallIds: ['call-of-many'], note: 'rework' });
      return (await rowsRead()) - before;
    });
    expect(read).toBeLessThan(20);
  });

  it("a member's budget covers what they used and hold this period, and nobody else's", async () => {
    const { organizationId, userId } = await account(1000n);
    const member = (amount: bigint, user: string | null = userId) =>
      reserve(database.prisma, { organizationId, amount, idempotencyKey: newId(), ttlMs: 60_000, userId: user });
    await database.prisma.membership.updateMany({ where: { organizationId }, data: { monthlyBudgetMicro: 100n } });
    const first = await member(60n);
    await settle(database.prisma, { organizationId, holdId: first.holdId, actual: 50n, modelCallId: 'call-of-budget' });
    const second = await member(30n);
    const { periodEnd } = await getBalance(database.prisma, organizationId);
    await expect(member(21n)).rejects.toMatchObject({
      code: 'budget_exceeded',
      details: { scope: 'member', required: '21', available: '20', resetsAt: periodEnd.toISOString() },
    });
    await member(200n, null);
    await expect(member(1n, 'no-member')).rejects.toMatchObject({
      code: 'budget_exceeded',
      details: { scope: 'member', required: '1', available: '0' },
    });
    await release(database.prisma, { organizationId, holdId: second.holdId });
    await absorbCalls(database.prisma, { organizationId, modelCallIds: ['call-of-budget'], note: 'rework' });
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => member(15n)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
    await expect(member(800n, null)).rejects.toMatchObject({ code: 'insufficient_credits' });
  });

  it("a refund of an earlier period does not widen a member's budget of this one", async () => {
    const { organizationId, userId } = await account(1000n);
    await database.prisma.membership.updateMany({ where: { organizationId }, data: { monthlyBudgetMicro: 100n } });
    const member = (amount: bigint) =>
      reserve(database.prisma, { organizationId, amount, idempotencyKey: newId(), ttlMs: 60_000, userId });
    const { holdId } = await member(100n);
    await settle(database.prisma, { organizationId, holdId, actual: 100n, modelCallId: 'call-of-last-month' });
    setClockOffset(31 * 86_400_000);
    await resetMonth(database.prisma, organizationId);
    await absorbCalls(database.prisma, { organizationId, modelCallIds: ['call-of-last-month'], note: 'rework' });
    await expect(member(101n)).rejects.toMatchObject({ code: 'budget_exceeded' });
    await member(100n);
    setClockOffset(0);
  });
});

describe('amounts for people', () => {
  it('are rounded half up to two decimals', () => {
    expect([0n, 14_999n, 15_000n, 1_234_567n, -1_995_000n, 1_234_567_890_000n].map(formatCredits)).toEqual([
      '0.00',
      '0.01',
      '0.02',
      '1.23',
      '-2.00',
      '1,234,567.89',
    ]);
  });
  it('are read exactly', () => {
    expect(['1', '0.000001', '2,5', '', '-1', '1.1234567', 'x'].map(parseCredits)).toEqual([
      1_000_000n,
      1n,
      2_500_000n,
      null,
      null,
      null,
      null,
    ]);
  });
});
