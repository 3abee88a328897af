import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { tariff } from '@/server/models/access/quote-call';
import { costOf, creditsFor, estimateTokens } from '@/server/models/pricing';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeModel, type FakeVectors, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { embedTexts } from './embed';

const PROVIDERS = ['openai', 'google', 'compatible'] as const;
/** Nano-dollars a million tokens; odd, so that rounding shows. */
const INPUT_PRICE = 166_666_667n;
const TEXTS = ['function add(a, b) {}', 'class Ledger {}', 'größer'];

let database: Database;
let organizationId: string;
let fake: FakeModel;
/** Answers in order; the last one stays. */
let script: FakeVectors[] = [];

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(
    () => ({ text: '' }),
    () => {
      const next = script.length > 1 ? script.shift() : script[0];
      if (next === undefined) throw new Error('the script is empty');
      return next;
    },
  );
  Object.assign(process.env, {
    OPENAI_API_KEY: 'sk-test-openai-1111',
    GOOGLE_API_KEY: 'test-google-2222',
    OPENAI_COMPATIBLE_API_KEY: 'local-4444',
    OPENAI_COMPATIBLE_MODELS: 'vectors',
    MODEL_MAX_RETRIES: '2',
    OPENAI_BASE_URL: `${fake.url}/v1`,
    GOOGLE_BASE_URL: `${fake.url}/google`,
    OPENAI_COMPATIBLE_BASE_URL: `${fake.url}/v1`,
  });
  resetEnv();
  for (const provider of PROVIDERS) {
    for (const modelId of ['vectors', 'unpriced']) {
      const id = `${provider}:${modelId}`;
      await database.prisma.llmModel.create({ data: { id, provider, modelId, label: id, kind: 'embedding' } });
    }
    await database.prisma.modelPrice.create({
      data: {
        id: newId(),
        modelRowId: `${provider}:vectors`,
        inputPerMillion: INPUT_PRICE,
        outputPerMillion: 0n,
        cachedPerMillion: 0n,
        effectiveFrom: new Date(0),
      },
    });
  }
});
afterAll(async () => {
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  fake.embedRequests.length = 0;
  ({ organizationId } = await seedOrganization(database, { planId: 'pro' }));
});
afterEach(async () => {
  expect(await auditLedger(database.prisma)).toEqual([]);
  expect(await database.prisma.creditBalance.findUnique({ where: { organizationId } })).toMatchObject({ held: 0n });
  expect(await database.prisma.modelCall.count({ where: { status: 'running' } })).toBe(0);
});

const good = (more: Partial<FakeVectors> = {}): FakeVectors => ({
  vectors: TEXTS.map((_, index) => [index, 0.25, -1]),
  ...more,
});

async function balance(): Promise<bigint> {
  const row = await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
  return row.monthly + row.bonus;
}

const lastCall = () =>
  database.prisma.modelCall.findFirstOrThrow({ where: { organizationId }, orderBy: { createdAt: 'desc' } });

function embed(provider: string, signal?: AbortSignal, texts = TEXTS): Promise<number[][]> {
  return embedTexts({ organizationId, projectId: newId(), userId: null }, `${provider}:vectors`, texts, signal);
}

/** A call that must fail: free, and on record with what the provider takes for it. */
async function expectFree(
  work: () => Promise<number[][]>,
  expected: { code: string; status: string; message?: string },
) {
  const before = await balance();
  await expect(work()).rejects.toMatchObject({
    code: expected.code,
    message: expect.stringContaining(expected.message ?? ''),
  });
  expect(await balance()).toBe(before);
  const call = await lastCall();
  expect(call).toMatchObject({ status: expected.status, errorCode: expected.code, chargedMicro: 0n });
  return call;
}

describe.each(PROVIDERS)('embeddings of %s over its wire protocol', (provider) => {
  it('come in order, and cost what the provider counted, else an estimate that says so', async () => {
    script = [good({ tokens: 1001 })];
    const before = await balance();
    expect(await embed(provider)).toEqual([
      [0, 0.25, -1],
      [1, 0.25, -1],
      [2, 0.25, -1],
    ]);
    expect(fake.embedRequests).toMatchObject([
      {
        protocol: provider === 'google' ? 'google' : 'openai',
        model: 'vectors',
        texts: TEXTS,
        key: { openai: 'sk-test-openai-1111', google: 'test-google-2222', compatible: 'local-4444' }[provider],
      },
    ]);
    // Google's protocol has no field for it.
    const input = provider === 'google' ? TEXTS.reduce((sum, text) => sum + estimateTokens(text), 0) : 1001;
    const costNano = costOf({ input, cached: 0, output: 0 }, await priceOf(provider));
    const chargedMicro = creditsFor(costNano, tariff());
    expect(before - (await balance())).toBe(chargedMicro);
    expect(await lastCall()).toMatchObject({
      role: 'embed',
      status: 'succeeded',
      inputTokens: input,
      usageEstimated: provider === 'google',
      costNano,
      chargedMicro,
      httpRetries: 0,
      keyIdentifier: expect.stringMatching(/^\d{4}$/),
    });
  });

  it('of one text come too (Google has another address for it)', async () => {
    script = [{ vectors: [[0.5, 0.5]] }];
    expect(await embed(provider, undefined, ['one'])).toEqual([[0.5, 0.5]]);
    expect(fake.embedRequests).toMatchObject([{ texts: ['one'] }]);
  });

  it('wait as long as Retry-After says after a 429, then come', async () => {
    script = [good({ fault: { kind: 'status', status: 429, retryAfter: '1' } }), good()];
    const started = performance.now();
    expect(await embed(provider)).toHaveLength(3);
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(fake.embedRequests).toHaveLength(2);
    expect(await lastCall()).toMatchObject({ status: 'succeeded', httpRetries: 1 });
  });

  it('are given up, free, when a 429 does not end or asks for an hour', async () => {
    script = [good({ fault: { kind: 'status', status: 429, retryAfter: '0' } })];
    const call = await expectFree(() => embed(provider), { code: 'model_call_failed', status: 'failed' });
    expect(call).toMatchObject({ httpRetries: 2, costNano: 0n });
    expect(fake.embedRequests).toHaveLength(3);
    script = [good({ fault: { kind: 'status', status: 429, retryAfter: '3600' } })];
    await expectFree(() => embed(provider), { code: 'model_call_failed', status: 'failed' });
    expect(fake.embedRequests).toHaveLength(4);
  });

  it('are refused at once, free, when the key is wrong', async () => {
    script = [good({ fault: { kind: 'status', status: 401 } })];
    await expectFree(() => embed(provider), { code: 'model_call_failed', status: 'failed' });
    expect(fake.embedRequests).toHaveLength(1);
  });

  it.each<[string, FakeVectors, string]>([
    ['too few', { vectors: [[1, 2]] }, '1 vectors came for 3 texts'],
    ['too many', { vectors: [[1], [2], [3], [4]] }, '4 vectors came for 3 texts'],
    ['none', { vectors: [] }, '0 vectors came for 3 texts'],
    [
      'of different lengths',
      {
        vectors: [
          [1, 2],
          [1, 2, 3],
          [1, 2],
        ],
      },
      'not 2 finite numbers',
    ],
    ['empty', { vectors: [[], [], []] }, 'not 0 finite numbers'],
  ])('that are %s cost nothing, and are on record with their true cost', async (_, answer, message) => {
    script = [answer];
    const call = await expectFree(() => embed(provider), { code: 'model_call_failed', status: 'failed', message });
    // Google does not say what it counted, so nothing is known of a call that failed.
    if (provider !== 'google') expect(call.costNano).toBeGreaterThan(0n);
  });

  it('that are no JSON cost nothing', async () => {
    script = [good({ fault: { kind: 'garbage' } })];
    await expectFree(() => embed(provider), { code: 'model_call_failed', status: 'failed' });
  });

  it('stop at once when stopped, free', async () => {
    script = [good({ fault: { kind: 'hang' } })];
    const stop = new AbortController();
    await Promise.all([
      expectFree(() => embed(provider, stop.signal), { code: 'model_call_aborted', status: 'aborted' }),
      expect
        .poll(() => fake.embedRequests.length, { timeout: 10_000 })
        .toBe(1)
        .then(() => stop.abort()),
    ]);
  });

  it('of a model without a price are refused before any request', async () => {
    const work = embedTexts({ organizationId, projectId: newId(), userId: null }, `${provider}:unpriced`, TEXTS);
    await expect(work).rejects.toMatchObject({ code: 'model_not_priced' });
    expect(fake.embedRequests).toHaveLength(0);
    expect(await database.prisma.modelCall.count({ where: { organizationId } })).toBe(0);
  });
});

async function priceOf(provider: string) {
  return database.prisma.modelPrice.findFirstOrThrow({ where: { modelRowId: `${provider}:vectors` } });
}

it('embeddings without credits are refused before any request', async () => {
  const poor = await seedOrganization(database, { planId: 'pro', monthlyMicro: 0n });
  script = [good()];
  await expect(
    embedTexts({ organizationId: poor.organizationId, projectId: newId(), userId: null }, 'openai:vectors', TEXTS),
  ).rejects.toMatchObject({ code: 'insufficient_credits' });
  expect(fake.embedRequests).toHaveLength(0);
});
