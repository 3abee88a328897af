import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { auditLedger } from './audit';
import { getBalance } from './balance';
import { absorbCalls, expireStaleHolds, grant, release, reserve, resetMonth, settle } from './ledger';
import { onboardUser } from './onboard-user';
import { formatCredits, parseCredits } from './schema';

/** Small, seeded, repeatable (mulberry32, public domain algorithm by T. Ettinger). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

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

  it('agrees with a simple model over 10,000 random operations', async () => {
    const next = random(20261121);
    const pick = (n: number) => Math.floor(next() * n);
    interface Model {
      monthly: bigint;
      bonus: bigint;
      holds: Map<string, { amount: bigint; open: boolean }>;
      calls: { id: string; monthly: bigint; bonus: bigint; refunded: boolean }[];
    }
    const models = new Map<string, Model>();
    for (let i = 0; i < 4; i++) {
      const { organizationId } = await account(5000n, 2000n);
      models.set(organizationId, { monthly: 5000n, bonus: 2000n, holds: new Map(), calls: [] });
    }
    const organizations = [...models.keys()];
    for (let operation = 0; operation < 10_000; operation++) {
      const organizationId = organizations[pick(organizations.length)] ?? '';
      const model = models.get(organizationId);
      if (model === undefined) throw new Error('unreachable');
      const open = [...model.holds].filter(([, { open }]) => open);
      const held = open.reduce((sum, [, { amount }]) => sum + amount, 0n);
      const kind = pick(10);
      const chosen = open[pick(Math.max(open.length, 1))];
      if (kind < 4) {
        const amount = BigInt(1 + pick(400));
        const outcome = await hold(organizationId, amount, newId(), 3_600_000).catch((error: unknown) => error);
        const fits = model.monthly + model.bonus - held >= amount;
        expect(isAppError(outcome) ? outcome.code : 'granted').toBe(fits ? 'granted' : 'insufficient_credits');
        if (!isAppError(outcome)) model.holds.set((outcome as { holdId: string }).holdId, { amount, open: true });
      } else if (kind < 7 && chosen !== undefined) {
        const [holdId, { amount }] = chosen;
        const actual = BigInt(pick(Number(amount) * 2 + 1));
        const room = model.monthly + model.bonus - (held - amount);
        const charged = actual < room ? actual : room;
        const fromMonthly = charged < model.monthly ? charged : model.monthly;
        const call = { id: newId(), monthly: fromMonthly, bonus: charged - fromMonthly, refunded: false };
        expect(await settle(database.prisma, { organizationId, holdId, actual, modelCallId: call.id })).toMatchObject({
          charged,
          absorbed: actual - charged,
        });
        model.monthly -= call.monthly;
        model.bonus -= call.bonus;
        model.holds.set(holdId, { amount, open: false });
        model.calls.push(call);
      } else if (kind === 7 && chosen !== undefined) {
        expect(await release(database.prisma, { organizationId, holdId: chosen[0] })).toBe(true);
        model.holds.set(chosen[0], { amount: chosen[1].amount, open: false });
      } else if (kind === 8) {
        const amount = BigInt(pick(500));
        await grant(database.prisma, {
          organizationId,
          kind: 'topup_purchase',
          amount,
          bucket: 'bonus',
          idempotencyKey: newId(),
        });
        model.bonus += amount;
      } else {
        const call = model.calls[pick(Math.max(model.calls.length, 1))];
        if (call === undefined) continue;
        const back = await absorbCalls(database.prisma, { organizationId, modelCallIds: [call.id], note: 'test' });
        expect(back).toBe(call.refunded ? 0n : call.monthly + call.bonus);
        if (!call.refunded) {
          model.monthly += call.monthly;
          model.bonus += call.bonus;
          call.refunded = true;
        }
      }
      if (operation % 500 === 499) {
        const { monthly, bonus, held: nowHeld } = await getBalance(database.prisma, organizationId);
        const expected = [...model.holds.values()]
          .filter(({ open }) => open)
          .reduce((sum, { amount }) => sum + amount, 0n);
        expect({ monthly, bonus, held: nowHeld }).toEqual({
          monthly: model.monthly,
          bonus: model.bonus,
          held: expected,
        });
        expect(await auditLedger(database.prisma)).toEqual([]);
      }
    }
  }, 180_000);

  it('the audit finds a planted difference', async () => {
    const { organizationId } = await account(10n);
    expect(await auditLedger(database.prisma)).toEqual([]);
    await database.prisma
      .$executeRaw`UPDATE "CreditBalance" SET "bonus" = "bonus" + 1 WHERE "organizationId" = ${organizationId}`;
    expect((await auditLedger(database.prisma)).map((difference) => difference.rule)).toContain(
      'entries = monthly + bonus',
    );
  });
});

describe('amounts for people', () => {
  it('are rounded half up to two decimals', () => {
    expect([0n, 4_999n, 5_000n, 1_234_567n, -1_995_000n, 1_234_567_890_000n].map(formatCredits)).toEqual([
      '0.00',
      '0.00',
      '0.01',
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
