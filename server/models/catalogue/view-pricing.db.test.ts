import { afterAll, beforeAll, expect, it } from 'vitest';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { closeTestDb, testDb } from '@/test/test-db';
import { viewPricing } from './view-pricing';

let database: Database;
beforeAll(async () => {
  database = await testDb();
});
afterAll(async () => {
  setClockOffset(0);
  await closeTestDb();
});

it('tells of each plan what it includes, and how a dollar of true cost is charged', async () => {
  const { plans, tariff } = await viewPricing();
  expect(plans.map(({ id, qualityIds }) => [id, qualityIds.toSorted()])).toEqual([
    ['free', ['fast']],
    ['pro', ['enhanced', 'fast']],
    ['team', ['enhanced', 'fast', 'premium']],
  ]);
  expect(plans.map(({ requestsPerMinute, requestsPerDay }) => [requestsPerMinute, requestsPerDay])).toEqual([
    [30, 500],
    [30, 500],
    [null, null],
  ]);
  expect(tariff).toMatchObject({ dollarMicro: 15_000_000n, rejectedAttemptsFree: true });
});

it('names the tightest limit where kinds of work differ', async () => {
  for (const [capabilityId, requestsPerMinute] of [
    ['ask', 12],
    ['plan', 20],
  ] as const) {
    await database.prisma.planCapability.update({
      where: { planId_capabilityId: { planId: 'team', capabilityId } },
      data: { requestsPerMinute },
    });
  }
  const team = (await viewPricing()).plans.find(({ id }) => id === 'team');
  expect(team).toMatchObject({ requestsPerMinute: 12, requestsPerDay: null });
});

it('a model counts at today’s price, and not at all once it is inactive or deprecated', async () => {
  const { prisma } = database;
  const tomorrow = new Date(Date.now() + 86_400_000);
  const find = async (ref: string) => (await viewPricing()).models.find((model) => model.ref === ref);
  const before = await find('openai:gpt-5');
  expect(before).toMatchObject({ quality: 'enhanced', outputTokensPerCredit: 6666 });
  await prisma.modelPrice.create({
    data: {
      id: 'next',
      modelRowId: 'openai:gpt-5',
      inputPerMillion: 1_250_000_000n,
      outputPerMillion: 20_000_000_000n,
      cachedPerMillion: 0n,
      effectiveFrom: tomorrow,
    },
  });
  await prisma.llmModel.update({ where: { id: 'google:gemini-2.5-pro' }, data: { deprecatedAt: tomorrow } });
  await prisma.llmModel.update({ where: { id: 'openai:gpt-5-mini' }, data: { active: false } });
  expect(await find('openai:gpt-5')).toEqual(before);
  expect(await find('google:gemini-2.5-pro')).toBeDefined();
  expect(await find('openai:gpt-5-mini')).toBeUndefined();
  expect(await find('demo:demo')).toBeUndefined();
  setClockOffset(2 * 86_400_000);
  expect(await find('openai:gpt-5')).toMatchObject({ outputTokensPerCredit: 3333 });
  expect(await find('google:gemini-2.5-pro')).toBeUndefined();
});
