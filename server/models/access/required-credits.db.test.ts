import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { ROLE_OUTPUT_TOKENS, TYPICAL_TOKENS } from '@/server/models/call-limits';
import { chooseModel } from '@/server/models/catalogue/catalogue';
import { callModel } from '@/server/models/gateway/call-model';
import { storeOwnKey } from '@/server/models/keys/own-keys';
import { CAPABILITIES, type Capability, type Quality } from '@/server/models/schema';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeModel, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { checkAIAccess } from './check-ai-access';
import { quoteHold } from './quote-call';

const KEYS = {
  OPENAI_API_KEY: 'sk-instance-1111',
  GOOGLE_API_KEY: 'google-2222',
  OPENROUTER_API_KEY: 'sk-or-3333',
  MODEL_MAX_RETRIES: '0',
};
const URLS = ['OPENAI_BASE_URL', 'GOOGLE_BASE_URL', 'OPENROUTER_BASE_URL'] as const;

let database: Database;
let fake: FakeModel;

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(() => ({ text: 'Hello.' }));
  Object.assign(process.env, KEYS);
  for (const name of URLS) process.env[name] = `${fake.url}/${name === 'GOOGLE_BASE_URL' ? 'google' : 'v1'}`;
  resetEnv();
});
afterAll(async () => {
  for (const name of [...Object.keys(KEYS), ...URLS]) delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});

const LEVELS = [
  ['free', 'fast'],
  ['pro', 'enhanced'],
  ['team', 'premium'],
] as const satisfies [string, Quality][];

/** One real call of a capability, as the check is asked about it. */
async function callOf(owner: { organizationId: string; userId: string }, capability: Capability, quality: Quality) {
  const { ref } = await chooseModel({ organizationId: owner.organizationId, quality, capability }, null);
  return callModel(
    {
      ...owner,
      projectId: null,
      runId: null,
      taskId: null,
      stepId: null,
      role: capability,
      quality,
      promptVersion: 'test-1',
      idempotencyKey: newId(),
      hint: {},
    },
    { model: ref, system: 'You are tested.', prompt: 'x'.repeat(4 * TYPICAL_TOKENS[capability].input) },
  );
}

describe.each(LEVELS)('what a call on the %s plan at %s needs', (planId, quality) => {
  it.each(CAPABILITIES)('is the same for the check and for the grant: %s', async (capability) => {
    const probe = await seedOrganization(database, { planId, monthlyMicro: 1n });
    const { required, estimate, missing, unlocks } = await checkAIAccess({ ...probe, capability, quality });
    if (required === null || estimate === null) throw new Error('no model to ask about');
    expect(missing).toBe(required - 1n);
    expect(unlocks.find(({ kind }) => kind === 'topup')).toBeDefined();
    expect(required).toBeGreaterThanOrEqual(estimate.p90);

    const owner = await seedOrganization(database, { planId, monthlyMicro: required });
    expect(await checkAIAccess({ ...owner, capability, quality })).toMatchObject({ allowed: true, missing: 0n });
    expect(await callOf(owner, capability, quality)).toMatchObject({ text: 'Hello.' });

    const short = await seedOrganization(database, { planId, monthlyMicro: required - 1n });
    expect(await checkAIAccess({ ...short, capability, quality })).toMatchObject({
      allowed: false,
      missing: 1n,
      denial: { code: 'insufficient_credits' },
    });
  });
});

it('an estimate that is there does not let in a call whose hold is not, and the refusal says what the hold is for', async () => {
  const probe = await seedOrganization(database, { monthlyMicro: 1n });
  const { estimate } = await checkAIAccess({ ...probe, capability: 'implement', quality: 'fast' });
  const owner = await seedOrganization(database, { monthlyMicro: estimate?.p90 ?? 0n });
  await expect(callOf(owner, 'implement', 'fast')).rejects.toMatchObject({ code: 'insufficient_credits' });
  const answer = await checkAIAccess({ ...owner, capability: 'implement', quality: 'fast' });
  expect(answer).toMatchObject({ allowed: false, estimate });
  expect(answer.denial?.message).toContain('Up to 0.51 are held while it runs');
});

it('of much work the sum decides, of little the largest single call', async () => {
  const owner = await seedOrganization(database);
  const ask = (count: number) =>
    checkAIAccess({ ...owner, capability: 'implement', quality: 'fast', work: [{ role: 'implement', count }] });
  const [none, one, many] = [await ask(0), await ask(1), await ask(100)];
  expect(none.required).toBe(0n);
  expect(one.required).toBeGreaterThan(one.estimate?.p90 ?? 0n);
  expect(many.required).toBe(many.estimate?.p90);
});

it('a person’s own budget has to cover the hold too', async () => {
  const owner = await seedOrganization(database);
  const { required, estimate } = await checkAIAccess({ ...owner, capability: 'implement', quality: 'fast' });
  await database.prisma.membership.updateMany({ where: owner, data: { monthlyBudgetMicro: estimate?.p90 ?? 0n } });
  expect(await checkAIAccess({ ...owner, capability: 'implement', quality: 'fast' })).toMatchObject({
    allowed: false,
    denial: { code: 'budget_exceeded' },
    missing: (required ?? 0n) - (estimate?.p90 ?? 0n),
    unlocks: [],
  });
});

it('an own key without a fee needs nothing', async () => {
  const owner = await seedOrganization(database, { monthlyMicro: 0n });
  await storeOwnKey({ ...owner, provider: 'openai', key: 'sk-own-0123456789-abcd' });
  expect(await checkAIAccess({ ...owner, capability: 'implement', quality: 'fast' })).toMatchObject({
    allowed: true,
    required: 0n,
  });
  expect(await callOf(owner, 'implement', 'fast')).toMatchObject({ chargedMicro: 0n });
});

it('no answer is held for that is longer than the model can write', async () => {
  const call = { role: 'implement', quality: 'fast', modelRef: 'openai:gpt-5-mini' } as const;
  const { hold } = await quoteHold(database.prisma, call);
  const where = { id: call.modelRef };
  const { maxOutput } = await database.prisma.llmModel.findUniqueOrThrow({ where });
  expect(maxOutput).toBeGreaterThan(ROLE_OUTPUT_TOKENS.implement);
  await database.prisma.llmModel.update({ where, data: { maxOutput: ROLE_OUTPUT_TOKENS.implement / 2 } });
  try {
    // 8000 tokens fewer at 2 dollars a million: 16,000,000 nano-dollars, 240,000 micro-credits.
    expect(hold - (await quoteHold(database.prisma, call)).hold).toBe(240_000n);
  } finally {
    await database.prisma.llmModel.update({ where, data: { maxOutput } });
  }
  expect(await auditLedger(database.prisma)).toEqual([]);
});
