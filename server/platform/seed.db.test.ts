import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCatalogue } from '@/prisma/seed';
import { closeTestDb, testDb } from '@/test/test-db';
import type { Database } from './db';

let database: Database;
beforeAll(async () => {
  database = await testDb();
});
afterAll(closeTestDb);

/** The whole catalogue, in a stable order. */
async function catalogue() {
  const { prisma } = database;
  return {
    plans: await prisma.plan.findMany({ orderBy: { id: 'asc' } }),
    capabilities: await prisma.planCapability.findMany({ orderBy: [{ planId: 'asc' }, { capabilityId: 'asc' }] }),
    qualities: await prisma.planCapabilityQuality.count(),
    models: await prisma.llmModel.findMany({ orderBy: { id: 'asc' } }),
    prices: await prisma.modelPrice.findMany({ orderBy: { id: 'asc' } }),
    choices: await prisma.planQualityModel.findMany({
      orderBy: [{ planId: 'asc' }, { qualityId: 'asc' }, { capabilityId: 'asc' }, { priority: 'asc' }],
    }),
    packages: await prisma.topupPackage.findMany({ orderBy: { id: 'asc' } }),
  };
}

describe('the seed', () => {
  it('makes the plans, packages and levels of the specification', async () => {
    const { plans, packages, choices, capabilities } = await catalogue();
    expect(
      plans.map(({ id, monthlyMicro, welcomeMicro }) => [id, Number(monthlyMicro) / 1e6, Number(welcomeMicro) / 1e6]),
    ).toEqual([
      ['free', 10, 10],
      ['pro', 500, 25],
      ['team', 2000, 50],
    ]);
    expect(
      packages.map(({ id, creditsMicro, priceUsdCents }) => [id, Number(creditsMicro) / 1e6, priceUsdCents]),
    ).toEqual([
      ['popular', 500, 3999],
      ['power', 2000, 12_999],
      ['starter', 100, 999],
    ]);
    const levels = (planId: string) => [
      ...new Set(choices.filter((row) => row.planId === planId).map((row) => row.qualityId)),
    ];
    expect([levels('free'), levels('pro'), levels('team')]).toEqual([
      ['fast'],
      ['enhanced', 'fast'],
      ['enhanced', 'fast', 'premium'],
    ]);
    const limits = (planId: string) => capabilities.find((row) => row.planId === planId);
    expect(limits('pro')).toMatchObject({ requestsPerMinute: 30, requestsPerDay: 500 });
    expect(limits('team')).toMatchObject({ requestsPerMinute: null, requestsPerDay: null });
  });

  it('gives each plan, level and capability one default, and models of three providers at each level', async () => {
    const { choices, models } = await catalogue();
    const groups = new Map<string, typeof choices>();
    for (const row of choices) {
      const key = `${row.planId}/${row.qualityId}/${row.capabilityId}`;
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    expect(groups.size).toBe((1 + 2 + 3) * 6);
    for (const rows of groups.values()) {
      expect(rows.filter(({ isDefault }) => isDefault)).toHaveLength(1);
      const providers = new Set(rows.map(({ modelRowId }) => models.find(({ id }) => id === modelRowId)?.provider));
      expect([...providers].sort()).toEqual(['anthropic', 'demo', 'google', 'openai', 'openrouter']);
    }
    await expect(
      database.prisma.planQualityModel.updateMany({ where: { planId: 'free' }, data: { isDefault: true } }),
    ).rejects.toThrow();
  });

  it('run again changes nothing, and leaves what an operator changed', async () => {
    const { prisma } = database;
    const before = await catalogue();
    await seedCatalogue(prisma);
    expect(await catalogue()).toEqual(before);
    await prisma.plan.update({ where: { id: 'pro' }, data: { priceUsdCents: 3100 } });
    await prisma.topupPackage.update({ where: { id: 'starter' }, data: { active: false } });
    await prisma.planQualityModel.deleteMany({ where: { planId: 'free', modelRowId: 'openai:gpt-5-mini' } });
    const edited = await catalogue();
    await seedCatalogue(prisma);
    expect(await catalogue()).toEqual(edited);
  });

  it('adds a model that came with a release behind what was chosen, wherever its level is', async () => {
    const { prisma } = database;
    const ofIt = { modelRowId: { startsWith: 'anthropic:' } };
    await prisma.$transaction([
      // Prices are append-only: an instance of before the release never had these.
      prisma.$executeRaw`SET LOCAL session_replication_role = replica`,
      prisma.planQualityModel.deleteMany({ where: ofIt }),
      prisma.modelPrice.deleteMany({ where: ofIt }),
      prisma.llmModel.deleteMany({ where: { provider: 'anthropic' } }),
    ]);
    const before = await catalogue();
    await seedCatalogue(prisma);
    const rows = await prisma.planQualityModel.findMany({ where: ofIt });
    expect(rows).toHaveLength((1 + 2 + 3) * 6);
    expect(rows.every(({ isDefault, priority }) => !isDefault && priority >= 40)).toBe(true);
    const after = await catalogue();
    expect(after.choices.filter((row) => !row.modelRowId.startsWith('anthropic:'))).toEqual(before.choices);
  });
});
