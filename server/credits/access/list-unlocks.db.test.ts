import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upgradePlan } from '@/server/credits/ledger/apply-plan';
import { grant, reserve } from '@/server/credits/ledger/ledger';
import type { Database } from '@/server/platform/db';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { cheapestTopup, listUnlocks, type Need } from './list-unlocks';

const CREDIT = 1_000_000n;
const DAY = 86_400_000;

let database: Database;
beforeAll(async () => {
  database = await testDb();
});
afterAll(closeTestDb);

async function unlocksFor(need: Partial<Need>, organizationId?: string) {
  const id = organizationId ?? (await seedOrganization(database, { planId: 'team', monthlyMicro: 1n })).organizationId;
  return listUnlocks(database.prisma, {
    organizationId: id,
    missing: CREDIT,
    locked: null,
    resetsAt: new Date(Date.now() + DAY),
    nextAllocation: 2000n * CREDIT,
    monthly: 1n,
    ownBudget: null,
    required: CREDIT,
    ...need,
  });
}

describe('credits to buy', () => {
  it.each([
    [1n, 'starter', 1, 999],
    [100n, 'starter', 1, 999],
    // Two of the small one for 19.98 are less than one for 39.99, and enough.
    [162n, 'starter', 2, 1998],
    [400n, 'starter', 4, 3996],
    [401n, 'popular', 1, 3999],
    [1501n, 'power', 1, 12_999],
    // One of the largest would not unlock it.
    [5832n, 'power', 3, 38_997],
  ])('for %d missing credits are %s, %d times', async (missing, packageId, quantity, priceUsdCents) => {
    const [way] = (await unlocksFor({ missing: missing * CREDIT, nextAllocation: 0n })).filter(
      ({ kind }) => kind === 'topup',
    );
    expect(way).toMatchObject({ kind: 'topup', packageId, quantity, priceUsdCents });
    expect(way?.kind === 'topup' && way.creditsMicro >= missing * CREDIT).toBe(true);
  });

  it('repay what is owed first', async () => {
    const { organizationId } = await seedOrganization(database, { planId: 'team', monthlyMicro: 1n });
    await database.prisma.creditBalance.update({ where: { organizationId }, data: { owed: 450n * CREDIT } });
    const ways = await unlocksFor({ missing: 100n * CREDIT, nextAllocation: 0n }, organizationId);
    // 550: six of the small one for 59.94, two of the middle one for 79.98.
    expect(ways).toEqual([expect.objectContaining({ packageId: 'starter', quantity: 6, priceUsdCents: 5994 })]);
  });

  it('are none where nothing is sold, and at one price the fewest purchases', () => {
    expect(cheapestTopup([], CREDIT)).toBeNull();
    const offers = [
      { id: 'half', name: 'Half', creditsMicro: 50n, priceUsdCents: 500 },
      { id: 'whole', name: 'Whole', creditsMicro: 100n, priceUsdCents: 1000 },
    ];
    expect(cheapestTopup(offers, 100n)).toMatchObject({ packageId: 'whole', quantity: 1, creditsMicro: 100n });
    expect(cheapestTopup(offers, 101n)).toMatchObject({ packageId: 'half', quantity: 3, creditsMicro: 150n });
  });
});

describe('an upgrade', () => {
  const upgrades = async (organizationId: string, missing: bigint) =>
    (await unlocksFor({ missing: missing * CREDIT, nextAllocation: 0n }, organizationId))
      .filter((way) => way.kind === 'upgrade')
      .map(({ planId }) => planId);

  it('is counted with the welcome credits of its plan: the cheapest one that covers the need is offered, and does', async () => {
    const { prisma } = database;
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 10n * CREDIT });
    // 490 up to the plan's 500, and 25 once.
    expect(await upgrades(organizationId, 515n)).toEqual(['pro']);
    expect(await upgrades(organizationId, 516n)).toEqual(['team']);
    await upgradePlan(prisma, { organizationId, planId: 'pro', idempotencyKey: `up:${organizationId}` });
    const own = { organizationId, idempotencyKey: `hold:${organizationId}` };
    expect(await reserve(prisma, { ...own, amount: 525n * CREDIT, ttlMs: DAY })).toMatchObject({ replayed: false });
  });

  it('is counted without those that were given before', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 10n * CREDIT });
    const given = { kind: 'welcome_bonus', amount: 25n * CREDIT, bucket: 'bonus' } as const;
    await grant(database.prisma, { organizationId, ...given, idempotencyKey: `welcome:${organizationId}:pro` });
    expect(await upgrades(organizationId, 490n)).toEqual(['pro']);
    expect(await upgrades(organizationId, 491n)).toEqual(['team']);
  });

  it('is none to a plan with fewer credits, whatever its welcome', async () => {
    const { prisma } = database;
    const where = { id: 'team' };
    const { monthlyMicro } = await prisma.plan.findUniqueOrThrow({ where });
    const { organizationId } = await seedOrganization(database, { planId: 'pro', monthlyMicro: 1n });
    await prisma.plan.update({ where, data: { monthlyMicro: 400n * CREDIT } });
    try {
      expect(await upgrades(organizationId, 1n)).toEqual([]);
      // As many credits as the present plan's: larger by its place, and its welcome comes on top.
      await prisma.plan.update({ where, data: { monthlyMicro: 500n * CREDIT } });
      expect(await upgrades(organizationId, 50n)).toEqual(['team']);
      expect(await upgrades(organizationId, 51n)).toEqual([]);
    } finally {
      await prisma.plan.update({ where, data: { monthlyMicro } });
    }
  });
});

describe('waiting', () => {
  const kinds = async (...ask: Parameters<typeof unlocksFor>) => (await unlocksFor(...ask)).map(({ kind }) => kind);

  it('is a way while the next month is ahead and brings enough', async () => {
    expect(await kinds({})).toEqual(['wait', 'topup']);
    expect(await kinds({ missing: 2001n * CREDIT })).toEqual(['topup']);
    expect(await unlocksFor({ ownBudget: 5n * CREDIT })).toMatchObject([{ kind: 'wait' }]);
  });

  it('is none when the month is over and its successor has not begun', async () => {
    const resetsAt = new Date(Date.now() - DAY);
    expect(await kinds({ resetsAt })).toEqual(['topup']);
    expect(await kinds({ resetsAt, ownBudget: 5n * CREDIT })).toEqual([]);
  });

  it('is none while the subscription is not paid: the next month’s credits may not come', async () => {
    const { organizationId } = await seedOrganization(database, { planId: 'team', monthlyMicro: 1n });
    await database.prisma.organizationPlan.update({
      where: { organizationId },
      data: { status: 'past_due', graceUntil: new Date(Date.now() + DAY), stripeSubscriptionId: 'sub_unpaid' },
    });
    expect(await kinds({}, organizationId)).toEqual(['topup']);
    expect(await kinds({ ownBudget: 5n * CREDIT }, organizationId)).toEqual([]);
  });
});
