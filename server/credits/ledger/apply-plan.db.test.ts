import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { now, setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { cancelDowngrade, movePlanNow, scheduleDowngrade, upgradePlan } from './apply-plan';
import { auditLedger } from './audit';
import { grant, PERIOD_MS, release, reserve, resetMonth, settle } from './ledger';

const CREDIT = 1_000_000n;

describe('changing the plan', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
  });
  afterEach(() => setClockOffset(0));
  afterAll(closeTestDb);

  /** Monthly, bonus and plan, after an audit. */
  const state = async (organizationId: string) => {
    expect(await auditLedger(database.prisma, organizationId)).toEqual([]);
    const { monthly, bonus } = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
    const plan = await database.prisma.organizationPlan.findUniqueOrThrow({ where: { organizationId } });
    return { monthly, bonus, planId: plan.planId, pendingPlanId: plan.pendingPlanId };
  };
  const free = async () =>
    (await seedOrganization(database, { monthlyMicro: 10n * CREDIT, bonusMicro: 0n })).organizationId;
  const upgrade = (organizationId: string, planId: string, idempotencyKey = newId()) =>
    upgradePlan(database.prisma, { organizationId, planId, idempotencyKey });
  const spend = async (organizationId: string, amount: bigint) => {
    const { holdId } = await reserve(database.prisma, { organizationId, amount, idempotencyKey: newId(), ttlMs: 1000 });
    await settle(database.prisma, { organizationId, holdId, actual: amount });
  };

  it('an upgrade adds what this period was short of, however an operator edited the old plan', async () => {
    const plan = { id: newId(), name: 'Edited', monthlyMicro: 100_000_000n, priceUsdCents: 1000, position: 1 };
    await database.prisma.plan.create({ data: { ...plan, welcomeMicro: 0n } });
    const edit = (monthlyMicro: bigint) =>
      database.prisma.plan.update({ where: { id: plan.id }, data: { monthlyMicro } });
    const target = await database.prisma.plan.findUniqueOrThrow({ where: { id: 'pro' } });
    for (const edited of [400_000_000n, 1_000_000n]) {
      await edit(100_000_000n);
      const { organizationId } = await seedOrganization(database, { planId: plan.id });
      await edit(edited);
      const outcome = await upgrade(organizationId, 'pro');
      expect(outcome).toEqual({ outcome: 'ok', adjusted: target.monthlyMicro - 100_000_000n });
      const row = await database.prisma.organizationPlan.findUniqueOrThrow({ where: { organizationId } });
      expect(row.allocationMicro).toBe(target.monthlyMicro);
    }
    // A detour over a plan that now gives less adds nothing twice.
    await edit(500_000_000n);
    const detour = (await seedOrganization(database, { planId: plan.id })).organizationId;
    await database.prisma.plan.update({ where: { id: 'team' }, data: { monthlyMicro: 300_000_000n } });
    await edit(100_000_000n);
    try {
      expect(await upgrade(detour, 'team')).toEqual({ outcome: 'ok', adjusted: 0n });
      await database.prisma.plan.update({ where: { id: 'pro' }, data: { monthlyMicro: 600_000_000n } });
      expect(await upgrade(detour, 'pro')).toEqual({ outcome: 'ok', adjusted: 100_000_000n });
    } finally {
      await database.prisma.plan.update({ where: { id: 'team' }, data: { monthlyMicro: 2_000_000_000n } });
      await database.prisma.plan.update({ where: { id: 'pro' }, data: { monthlyMicro: target.monthlyMicro } });
    }
    // The next period is granted by the plan of then.
    await edit(100_000_000n);
    const { organizationId } = await seedOrganization(database, { planId: plan.id });
    await edit(300_000_000n);
    const read = () => database.prisma.organizationPlan.findUniqueOrThrow({ where: { organizationId } });
    expect((await read()).allocationMicro).toBe(100_000_000n);
    setClockOffset(31 * 86_400_000);
    await resetMonth(database.prisma, organizationId);
    setClockOffset(0);
    expect((await read()).allocationMicro).toBe(300_000_000n);
  });

  it('an upgrade adds the difference at once and the welcome credits, once however often it is sent', async () => {
    const organizationId = await free();
    await spend(organizationId, 4n * CREDIT);
    const key = newId();
    const all = await Promise.all(Array.from({ length: 8 }, () => upgrade(organizationId, 'pro', key)));
    expect(all.map(({ outcome }) => outcome).sort()).toEqual(['ok', ...Array.from({ length: 7 }, () => 'replayed')]);
    expect(all.every(({ adjusted }) => adjusted === 490n * CREDIT)).toBe(true);
    expect(await state(organizationId)).toMatchObject({ monthly: 496n * CREDIT, bonus: 25n * CREDIT, planId: 'pro' });
    expect(await upgrade(organizationId, 'pro')).toEqual({ outcome: 'not_an_upgrade', adjusted: 0n });
    expect(await upgrade(organizationId, 'free')).toEqual({ outcome: 'not_an_upgrade', adjusted: 0n });
    await expect(upgrade(organizationId, 'golden')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('welcomes an organization to a plan once, though it leaves and comes back', async () => {
    const organizationId = await free();
    await upgrade(organizationId, 'pro');
    await movePlanNow(database.prisma, {
      organizationId,
      planId: 'free',
      idempotencyKey: newId(),
      reason: 'Not paid',
    });
    expect(await state(organizationId)).toMatchObject({ monthly: 10n * CREDIT, bonus: 25n * CREDIT, planId: 'free' });
    await upgrade(organizationId, 'pro');
    expect(await state(organizationId)).toMatchObject({ monthly: 500n * CREDIT, bonus: 25n * CREDIT, planId: 'pro' });
  });

  it('a downgrade waits for the period to end; the reset applies it', async () => {
    const organizationId = await free();
    await upgrade(organizationId, 'team');
    const { periodEnd } = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
    const request = { organizationId, planId: 'pro' };
    expect(await scheduleDowngrade(database.prisma, request)).toEqual({ from: periodEnd });
    expect(await resetMonth(database.prisma, organizationId)).toBe(false);
    expect(await state(organizationId)).toMatchObject({
      monthly: 2000n * CREDIT,
      planId: 'team',
      pendingPlanId: 'pro',
    });
    setClockOffset(PERIOD_MS + 1000);
    expect(await resetMonth(database.prisma, organizationId)).toBe(true);
    expect(await state(organizationId)).toMatchObject({
      monthly: 500n * CREDIT,
      bonus: 50n * CREDIT,
      planId: 'pro',
      pendingPlanId: null,
    });
  });

  it('a downgrade can be cancelled, is dropped by an upgrade, and is no upgrade', async () => {
    const organizationId = await free();
    await upgrade(organizationId, 'pro');
    await scheduleDowngrade(database.prisma, { organizationId, planId: 'free' });
    await cancelDowngrade(database.prisma, organizationId);
    expect(await state(organizationId)).toMatchObject({ planId: 'pro', pendingPlanId: null });
    await scheduleDowngrade(database.prisma, { organizationId, planId: 'free' });
    await upgrade(organizationId, 'team');
    expect(await state(organizationId)).toMatchObject({ planId: 'team', pendingPlanId: null });
    await expect(scheduleDowngrade(database.prisma, { organizationId, planId: 'team' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('of two plans with the same credits the later one is the larger: it can be reached and left', async () => {
    const organizationId = await free();
    await upgrade(organizationId, 'pro');
    await database.prisma.plan.update({ where: { id: 'team' }, data: { monthlyMicro: 500n * CREDIT } });
    try {
      expect(await upgrade(organizationId, 'team')).toEqual({ outcome: 'ok', adjusted: 0n });
      expect(await state(organizationId)).toMatchObject({ monthly: 500n * CREDIT, planId: 'team' });
      expect(await upgrade(organizationId, 'pro')).toEqual({ outcome: 'not_an_upgrade', adjusted: 0n });
      await scheduleDowngrade(database.prisma, { organizationId, planId: 'pro' });
      expect(await state(organizationId)).toMatchObject({ pendingPlanId: 'pro' });
    } finally {
      await database.prisma.plan.update({ where: { id: 'team' }, data: { monthlyMicro: 2000n * CREDIT } });
    }
  });

  it('a move for want of payment leaves open holds covered, and a replay changes nothing', async () => {
    const organizationId = await free();
    await upgrade(organizationId, 'pro');
    const { holdId } = await reserve(database.prisma, {
      organizationId,
      amount: 60n * CREDIT,
      idempotencyKey: newId(),
      ttlMs: 60_000,
    });
    const move = { organizationId, planId: 'free', idempotencyKey: newId(), reason: 'The subscription ended' };
    // 60 held, 25 of them covered by bonus: 35 monthly credits stay, which is more than the free plan's 10.
    expect(await movePlanNow(database.prisma, move)).toEqual({ outcome: 'ok', adjusted: -465n * CREDIT });
    expect(await state(organizationId)).toMatchObject({ monthly: 35n * CREDIT, bonus: 25n * CREDIT, planId: 'free' });
    await release(database.prisma, { organizationId, holdId });
    await upgrade(organizationId, 'pro');
    expect(await movePlanNow(database.prisma, move)).toEqual({ outcome: 'replayed', adjusted: -465n * CREDIT });
    // What the hold kept counts as given: not 35 beside the plan's 500.
    expect(await state(organizationId)).toMatchObject({ monthly: 500n * CREDIT, planId: 'pro' });
  });

  it('a reset after a long downtime starts the period that contains now', async () => {
    const organizationId = await free();
    setClockOffset(PERIOD_MS * 7 + 5000);
    expect(await resetMonth(database.prisma, organizationId)).toBe(true);
    const balance = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
    expect(balance.periodStart.getTime()).toBeLessThanOrEqual(now().getTime());
    expect(balance.periodEnd.getTime()).toBeGreaterThan(now().getTime());
    expect(balance.periodEnd.getTime() - balance.periodStart.getTime()).toBe(PERIOD_MS);
    expect(await database.prisma.creditEntry.count({ where: { organizationId, kind: 'plan_allocation' } })).toBe(1);
    expect(await state(organizationId)).toMatchObject({ monthly: 10n * CREDIT });
  });

  it("an invoice's period starts once, and corrects the end of the one a job began", async () => {
    const organizationId = await free();
    await upgrade(organizationId, 'pro');
    const { periodEnd: start } = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
    const end = new Date(start.getTime() + 31 * 86_400_000);
    setClockOffset(PERIOD_MS + 1000);
    expect(await resetMonth(database.prisma, organizationId)).toBe(true);
    await scheduleDowngrade(database.prisma, { organizationId, planId: 'free' });
    await spend(organizationId, 100n * CREDIT);
    for (let delivery = 0; delivery < 2; delivery++)
      expect(await resetMonth(database.prisma, organizationId, { start, end })).toBe(false);
    expect(await state(organizationId)).toMatchObject({ monthly: 400n * CREDIT, pendingPlanId: 'free' });
    const plan = await database.prisma.organizationPlan.findUniqueOrThrow({ where: { organizationId } });
    expect([plan.periodEnd, plan.pendingFrom]).toEqual([end, end]);
    const next = { start: end, end: new Date(end.getTime() + PERIOD_MS) };
    const effects = await Promise.all([1, 2, 3].map(() => resetMonth(database.prisma, organizationId, next)));
    expect(effects.filter(Boolean)).toHaveLength(1);
    expect(await state(organizationId)).toMatchObject({ monthly: 10n * CREDIT, planId: 'free', pendingPlanId: null });
  });

  it('whatever comes first, a reset and an upgrade end in the same balance', async () => {
    for (const order of ['reset', 'upgrade'] as const) {
      setClockOffset(0);
      const organizationId = await free();
      await grant(database.prisma, {
        organizationId,
        kind: 'promo_bonus',
        amount: 1n,
        bucket: 'bonus',
        idempotencyKey: newId(),
      });
      setClockOffset(PERIOD_MS + 1000);
      if (order === 'reset') await resetMonth(database.prisma, organizationId);
      await upgrade(organizationId, 'pro');
      if (order === 'upgrade') await resetMonth(database.prisma, organizationId);
      expect(await state(organizationId)).toMatchObject({
        monthly: 500n * CREDIT,
        bonus: 25n * CREDIT + 1n,
        planId: 'pro',
      });
    }
  });
});
