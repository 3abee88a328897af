import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { estimateTokens } from '@/server/models/pricing';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeAnswer, type FakeModel, type FakeVectors, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { type CallContext, callModel } from './call-model';
import { embedTexts } from './embed';
import { executeWithAIAccess } from './execute-with-ai-access';

const SETTINGS = {
  OPENAI_API_KEY: 'sk-instance-1111',
  GOOGLE_API_KEY: 'google-2222',
  OPENROUTER_API_KEY: 'sk-or-3333',
  MODEL_MAX_RETRIES: '0',
};
const MODELS = ['openai:gpt-5-mini', 'google:gemini-2.5-flash', 'openrouter:anthropic/claude-haiku-4.5'];
const SYSTEM = 'You are tested.';
const PROMPT = 'Say something.';

let database: Database;
let fake: FakeModel;
let answer: FakeAnswer;
let vectors: FakeVectors;
let owner: { organizationId: string; userId: string };

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(
    () => answer,
    () => vectors,
  );
  Object.assign(process.env, SETTINGS, {
    OPENAI_BASE_URL: `${fake.url}/v1`,
    GOOGLE_BASE_URL: `${fake.url}/google`,
    OPENROUTER_BASE_URL: `${fake.url}/v1`,
  });
  resetEnv();
});
afterAll(async () => {
  for (const name of [...Object.keys(SETTINGS), 'OPENAI_BASE_URL', 'GOOGLE_BASE_URL', 'OPENROUTER_BASE_URL'])
    delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
});
afterEach(async () => {
  expect(await auditLedger(database.prisma)).toEqual([]);
  const { organizationId } = owner;
  expect(await database.prisma.creditBalance.findUnique({ where: { organizationId } })).toMatchObject({ held: 0n });
  expect(await database.prisma.modelCall.count({ where: { status: 'running' } })).toBe(0);
});

const context = (): CallContext => ({
  ...owner,
  projectId: null,
  runId: null,
  taskId: null,
  stepId: null,
  role: 'implement',
  quality: 'fast',
  promptVersion: 'test-1',
  idempotencyKey: newId(),
  hint: {},
});
const lastCall = () =>
  database.prisma.modelCall.findFirstOrThrow({
    where: { organizationId: owner.organizationId },
    orderBy: { createdAt: 'desc' },
  });

describe.each(MODELS)('%s that counts wrongly', (model) => {
  it.each([
    ['a part of a token', { input: 1.5, output: 2 }],
    ['more input than a column holds', { input: 3_000_000_000, output: 5 }],
    ['more output than a double counts', { input: 10, output: 9e15 }],
    ['less than nothing from its cache', { input: 10, output: 20, cached: -5_000_000 }],
    ['more from its cache than there was', { input: 10, output: 20, cached: 500 }],
    ['more output than was asked for', { input: 100, output: 2_000_000_000 }],
    ['more input than was sent', { input: 100_000, output: 5 }],
  ])('(%s) is answered, and charged by our own estimate', async (_, usage) => {
    answer = { text: 'Hello, this is the answer.', usage };
    const expected = {
      input: estimateTokens(SYSTEM) + estimateTokens(PROMPT),
      cached: 0,
      output: estimateTokens(answer.text),
      reasoning: 0,
      estimated: true,
    };
    const result = await callModel(context(), { model, system: SYSTEM, prompt: PROMPT });
    expect(result).toMatchObject({ text: answer.text, usage: expected });
    // Some 15 tokens: far below a hundredth of a credit.
    expect(result.chargedMicro).toBeGreaterThan(0n);
    expect(result.chargedMicro).toBeLessThan(10_000n);
    expect(await lastCall()).toMatchObject({
      status: 'succeeded',
      usageEstimated: true,
      inputTokens: expected.input,
      outputTokens: expected.output,
      chargedMicro: result.chargedMicro,
    });
  });
});

it.each([1.5, 3_000_000_000, -7, 9e15])(
  'an embedding model that counts %d tokens is charged by our estimate',
  async (tokens) => {
    vectors = { vectors: [[0.1, 0.2]], tokens };
    const { organizationId } = owner;
    expect(
      await embedTexts({ organizationId, projectId: newId(), userId: null }, 'openai:text-embedding-3-small', [PROMPT]),
    ).toEqual([[0.1, 0.2]]);
    expect(await lastCall()).toMatchObject({
      status: 'succeeded',
      usageEstimated: true,
      inputTokens: estimateTokens(PROMPT),
    });
  },
);

describe('a call that fails', () => {
  const failing = (more: {
    usage: { input: number; cached: number; output: number; reasoning: number };
    message?: string;
  }) =>
    executeWithAIAccess(context(), {
      model: 'openai:gpt-5-mini',
      inputTokens: 10,
      outputTokens: () => 100,
      execute: async ({ progress }) => {
        progress.usage = more.usage;
        throw new Error(more.message ?? 'the reason');
      },
    });

  it.each([
    { input: 1.5, cached: 0, output: 1, reasoning: 0 },
    { input: 3e9, cached: 0, output: 9e15, reasoning: 0.5 },
  ])('gives its hold back and keeps its own error, with any count: %o', async (usage) => {
    await expect(failing({ usage })).rejects.toMatchObject({ code: 'model_call_failed', message: 'the reason' });
    expect(await lastCall()).toMatchObject({
      status: 'failed',
      usageEstimated: true,
      inputTokens: 10,
      chargedMicro: 0n,
    });
  });

  it('is on record even when the provider’s words are not ones that the database stores', async () => {
    const usage = { input: 1, cached: 0, output: 1, reasoning: 0 };
    await expect(failing({ usage, message: 'half\0way' })).rejects.toMatchObject({ message: 'half\0way' });
    expect(await lastCall()).toMatchObject({ status: 'failed', errorMessage: 'halfway' });
  });

  it('gives its hold back even when it cannot be recorded', async () => {
    const { prisma } = database;
    await prisma.$executeRaw`ALTER TABLE "ModelCall" ADD CONSTRAINT "test_no_failures" CHECK ("status" <> 'failed') NOT VALID`;
    try {
      const usage = { input: 1, cached: 0, output: 1, reasoning: 0 };
      await expect(failing({ usage })).rejects.toMatchObject({ code: 'model_call_failed', message: 'the reason' });
      const { organizationId } = owner;
      expect(await prisma.creditBalance.findUnique({ where: { organizationId } })).toMatchObject({ held: 0n });
    } finally {
      await prisma.$executeRaw`ALTER TABLE "ModelCall" DROP CONSTRAINT "test_no_failures"`;
      await prisma.modelCall.updateMany({ where: { status: 'running' }, data: { status: 'failed' } });
    }
  });
});

describe('embeddings', () => {
  const embed = () =>
    embedTexts(
      { organizationId: owner.organizationId, projectId: newId(), userId: null },
      'openai:text-embedding-3-small',
      [PROMPT],
    );

  it('take none of the plan’s requests, and are limited by themselves', async () => {
    answer = { text: 'Hello.' };
    vectors = { vectors: [[0.1, 0.2]] };
    const where = { planId_capabilityId: { planId: 'pro', capabilityId: 'implement' } };
    const { requestsPerMinute, requestsPerDay } = await database.prisma.planCapability.findUniqueOrThrow({ where });
    await database.prisma.planCapability.update({ where, data: { requestsPerMinute: 1, requestsPerDay: 1 } });
    try {
      for (let i = 0; i < 3; i++) await embed();
      const request = { model: 'openai:gpt-5-mini', system: SYSTEM, prompt: PROMPT };
      expect(await callModel(context(), request)).toMatchObject({ text: 'Hello.' });
      await expect(callModel(context(), request)).rejects.toMatchObject({ code: 'rate_limited' });
      await embed();
      const counted = { organizationId: owner.organizationId, window: { startsWith: 'day:' } };
      const rows = await database.prisma.rateCounter.findMany({ where: counted });
      expect(Object.fromEntries(rows.map(({ capability, count }) => [capability, count]))).toEqual({
        embed: 4,
        implement: 1,
      });
      // A loop that never ends is stopped.
      await database.prisma.rateCounter.updateMany({
        where: { ...counted, capability: 'embed' },
        data: { count: 100_000 },
      });
      await expect(embed()).rejects.toMatchObject({ code: 'rate_limited', details: { per: 'day' } });
    } finally {
      await database.prisma.planCapability.update({ where, data: { requestsPerMinute, requestsPerDay } });
    }
  });
});
