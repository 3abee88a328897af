import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditLedger } from '@/server/credits/ledger/audit';
import { tariff } from '@/server/models/access/quote-call';
import { costOf, creditsFor } from '@/server/models/pricing';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeAnswer, type FakeModel, type FakeRequest, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { type CallContext, callModel, type TextRequest } from './call-model';
import { callStructured } from './structured';

const PROVIDERS = ['openai', 'google', 'openrouter', 'compatible'] as const;
const PRICE = { inputPerMillion: 2_000_000_000n, outputPerMillion: 8_000_000_000n, cachedPerMillion: 500_000_000n };
const SETTINGS = {
  OPENAI_API_KEY: 'sk-test-openai-1111',
  GOOGLE_API_KEY: 'test-google-2222',
  OPENROUTER_API_KEY: 'sk-or-test-3333',
  OPENAI_COMPATIBLE_API_KEY: 'local-4444',
  OPENAI_COMPATIBLE_MODELS: 'fake',
  MODEL_MAX_RETRIES: '2',
};

let database: Database;
let owner: { organizationId: string; userId: string };
let fake: FakeModel;
/** Answers in order; the last one stays. */
let script: ((request: FakeRequest) => FakeAnswer)[] = [];

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel((request) => {
    const next = script.length > 1 ? script.shift() : script[0];
    if (next === undefined) throw new Error('the script is empty');
    return next(request);
  });
  Object.assign(process.env, SETTINGS, {
    OPENAI_BASE_URL: `${fake.url}/v1`,
    GOOGLE_BASE_URL: `${fake.url}/google`,
    OPENROUTER_BASE_URL: `${fake.url}/v1`,
    OPENAI_COMPATIBLE_BASE_URL: `${fake.url}/v1`,
  });
  resetEnv();
  for (const provider of PROVIDERS) {
    const id = `${provider}:fake`;
    await database.prisma.llmModel.create({ data: { id, provider, modelId: 'fake', label: `Fake ${provider}` } });
    await database.prisma.modelPrice.create({
      data: { id: newId(), modelRowId: id, ...PRICE, effectiveFrom: new Date(0) },
    });
    await listInPlans(id);
  }
});
afterAll(async () => {
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  fake.requests.length = 0;
  // A new owner each time: requests a minute are limited.
  owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
});
afterEach(async () => {
  expect(await auditLedger(database.prisma)).toEqual([]);
  expect(
    await database.prisma.creditBalance.findUnique({ where: { organizationId: owner.organizationId } }),
  ).toMatchObject({ held: 0n });
  expect(await database.prisma.modelCall.count({ where: { status: 'running' } })).toBe(0);
});

/** Every plan may use the model wherever it may do anything. */
async function listInPlans(modelRowId: string): Promise<void> {
  const rows = await database.prisma.planCapabilityQuality.findMany();
  await database.prisma.planQualityModel.createMany({
    data: rows.map((row) => ({ ...row, modelRowId, priority: 90 })),
  });
}

function play(...answers: FakeAnswer[]): void {
  script = answers.map((answer) => () => answer);
}

function context(more: Partial<CallContext> = {}): CallContext {
  return {
    ...owner,
    projectId: null,
    runId: null,
    taskId: null,
    stepId: null,
    role: 'clarify',
    quality: 'fast',
    promptVersion: 'test-1',
    idempotencyKey: newId(),
    hint: {},
    ...more,
  };
}

const ask = (provider: string, more: Partial<TextRequest> = {}): TextRequest => ({
  model: `${provider}:fake`,
  system: 'You are tested.',
  prompt: 'Say something.',
  ...more,
});

async function balance(): Promise<bigint> {
  const row = await database.prisma.creditBalance.findUniqueOrThrow({
    where: { organizationId: owner.organizationId },
  });
  return row.monthly + row.bonus;
}

/** Runs a call that must fail, and asserts that it cost nothing and is on record. */
async function expectFree(ctx: CallContext, request: TextRequest, expected: { code: string; status: string }) {
  const before = await balance();
  await expect(callModel(ctx, request)).rejects.toMatchObject({ code: expected.code });
  expect(await balance()).toBe(before);
  const call = await database.prisma.modelCall.findUniqueOrThrow({ where: { idempotencyKey: ctx.idempotencyKey } });
  expect(call).toMatchObject({ status: expected.status, errorCode: expected.code, chargedMicro: 0n });
  return call;
}

describe.each(PROVIDERS)('%s over its wire protocol', (provider) => {
  it('streams the text in pieces and charges the reported usage, the cached share at its own price', async () => {
    play({
      text: 'Hello from the other side of the wire.',
      chunkSize: 7,
      usage: { input: 1000, output: 50, cached: 400 },
    });
    const deltas: string[] = [];
    const before = await balance();
    const ctx = context();
    const result = await callModel(ctx, ask(provider, { onDelta: (text) => deltas.push(text) }));
    expect(deltas.length).toBeGreaterThan(3);
    expect(deltas.join('')).toBe('Hello from the other side of the wire.');
    expect(result).toMatchObject({ text: deltas.join(''), modelLabel: `Fake ${provider}` });
    expect(result.usage).toMatchObject({ input: 1000, cached: 400, output: 50, estimated: false });
    const cost = costOf({ input: 1000, cached: 400, output: 50 }, PRICE);
    expect(cost).toBe(1_800_000n);
    expect(result.chargedMicro).toBe(creditsFor(cost, tariff()));
    expect(before - (await balance())).toBe(result.chargedMicro);
    expect(fake.requests[0]).toMatchObject({ model: 'fake', system: 'You are tested.', prompt: 'Say something.' });
    const call = await database.prisma.modelCall.findUniqueOrThrow({ where: { id: result.callId } });
    expect(call).toMatchObject({ status: 'succeeded', cachedTokens: 400, costNano: cost, httpRetries: 0 });
    expect(call.keyIdentifier).toMatch(/^\d{4}$/);
  });

  it('waits as long as Retry-After says after a 429, then answers', async () => {
    play({ text: '', fault: { kind: 'status', status: 429, retryAfter: '1' } }, { text: 'Now.' });
    const started = performance.now();
    const result = await callModel(context(), ask(provider));
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(result.text).toBe('Now.');
    expect(await database.prisma.modelCall.findUnique({ where: { id: result.callId } })).toMatchObject({
      httpRetries: 1,
    });
  });

  it('tries again after a 500 and gives up, free, when it does not end', async () => {
    const broken: FakeAnswer = { text: '', fault: { kind: 'status', status: 500, retryAfter: '0' } };
    play(broken, broken, { text: 'Back.' });
    expect((await callModel(context(), ask(provider))).text).toBe('Back.');
    play(broken);
    fake.requests.length = 0;
    await expectFree(context(), ask(provider), { code: 'model_call_failed', status: 'failed' });
    expect(fake.requests).toHaveLength(3);
  });

  it('a cut in mid-stream fails the call, charges nothing, records what it cost us, and is not tried again', async () => {
    play({ text: 'word '.repeat(200), fault: { kind: 'cut' } });
    const call = await expectFree(context(), ask(provider), { code: 'model_call_failed', status: 'failed' });
    expect(fake.requests).toHaveLength(1);
    expect(call).toMatchObject({ usageEstimated: true });
    expect(call.costNano).toBeGreaterThan(0n);
  });

  it('garbage in the stream fails the call, charges nothing', async () => {
    play({ text: 'word '.repeat(200), fault: { kind: 'garbage' } });
    await expectFree(context(), ask(provider), { code: 'model_call_failed', status: 'failed' });
  });

  it('an empty answer is none: free, with what it truly cost on record', async () => {
    play({ text: ' \n', usage: { input: 10, output: 1 } });
    const call = await expectFree(context(), ask(provider), { code: 'model_call_failed', status: 'failed' });
    expect(call).toMatchObject({ inputTokens: 10, outputTokens: 1, usageEstimated: false });
  });

  it('without reported usage charges an estimate and says so', async () => {
    play({ text: 'x'.repeat(400), usage: null });
    const result = await callModel(context(), ask(provider));
    expect(result.usage).toMatchObject({ output: 100, estimated: true });
    expect(result.chargedMicro).toBeGreaterThan(0n);
  });

  it('an answer cut off at its limit is not used, free, and has a code of its own', async () => {
    play({ text: 'half', finishReason: 'length' });
    await expectFree(context(), ask(provider), { code: 'answer_cut_off', status: 'failed' });
    expect(fake.requests).toHaveLength(1);
  });

  it('a slow drip arrives whole', async () => {
    play({ text: 'drip drop '.repeat(5), chunkSize: 5, delayMs: 10 });
    expect((await callModel(context(), ask(provider))).text).toBe('drip drop '.repeat(5));
  });

  it('an answer larger than the reserve covers is ended, free', async () => {
    play({ text: 'x'.repeat(400_000), chunkSize: 20_000 });
    await expectFree(context(), ask(provider), { code: 'model_call_failed', status: 'failed' });
  });

  it('a stop ends a silent call at once, free', async () => {
    play({ text: 'word '.repeat(200), fault: { kind: 'hang' } });
    const stop = new AbortController();
    await expectFree(context(), ask(provider, { abortSignal: stop.signal, onDelta: () => stop.abort() }), {
      code: 'model_call_aborted',
      status: 'aborted',
    });
  });
});

describe('before and after a call', () => {
  it('a model without a price is refused before any request', async () => {
    await database.prisma.llmModel.create({
      data: { id: 'compatible:unpriced', provider: 'compatible', modelId: 'unpriced', label: 'Unpriced' },
    });
    await listInPlans('compatible:unpriced');
    await expect(callModel(context(), { ...ask('compatible'), model: 'compatible:unpriced' })).rejects.toMatchObject({
      code: 'model_not_priced',
    });
    expect(fake.requests).toHaveLength(0);
  });

  it('a model that reasons is asked to think as much as the quality says, and the call says so', async () => {
    const where = { id: 'openai:gpt-5-mini' };
    await database.prisma.llmModel.update({ where, data: { reasoning: true } });
    play({ text: 'Thought.' });
    const { callId } = await callModel(context(), { ...ask('openai'), model: where.id });
    const plain = await callModel(context(), ask('openai'));
    expect(fake.requests.map(({ effort }) => effort)).toEqual(['low', '']);
    const calls = await database.prisma.modelCall.findMany({ where: { id: { in: [callId, plain.callId] } } });
    expect(calls.map(({ id, effort }) => [id === callId, effort]).sort()).toEqual([
      [false, null],
      [true, 'low'],
    ]);
  });

  it('the same idempotency key neither calls nor charges again', async () => {
    play({ text: 'Once.' });
    const ctx = context();
    await callModel(ctx, ask('compatible'));
    const before = await balance();
    await expect(callModel(ctx, ask('compatible'))).rejects.toMatchObject({ code: 'duplicate_request' });
    expect(fake.requests).toHaveLength(1);
    expect(await balance()).toBe(before);
  });

  it('an effect that fails undoes the settling and gives the hold back', async () => {
    play({ text: 'For nothing.', usage: { input: 10, output: 5 } });
    const call = await expectFree(
      context(),
      ask('compatible', {
        onSettled: async () => {
          throw new Error('the effect failed');
        },
      }),
      { code: 'model_call_failed', status: 'failed' },
    );
    expect(call).toMatchObject({ inputTokens: 10, outputTokens: 5, usageEstimated: false });
  });

  it('too few credits are refused before any request', async () => {
    const poor = await seedOrganization(database, { planId: 'pro', monthlyMicro: 1n });
    await expect(callModel(context(poor), ask('compatible'))).rejects.toMatchObject({ code: 'insufficient_credits' });
    expect(fake.requests).toHaveLength(0);
  });
});

describe('structured answers', () => {
  const schema = z.object({ title: z.string(), count: z.number() });
  const question = (provider: Parameters<typeof ask>[0]) => {
    const { model, system, prompt } = ask(provider);
    return { model, system, prompt };
  };

  it.each(PROVIDERS)('%s is asked in its own way', async (provider) => {
    play({ text: '{"title":"A","count":1}' });
    const { value } = await callStructured(context(), { ...question(provider), schema });
    expect(value).toEqual({ title: 'A', count: 1 });
    expect(fake.requests.map(({ wantsJson }) => wantsJson)).toEqual([true]);
  });

  it('falls back to the schema in the prompt when the provider refuses the format', async () => {
    script = [
      ({ wantsJson }) =>
        wantsJson
          ? { text: '', fault: { kind: 'status', status: 400 } }
          : { text: '```json\n{"title":"B","count":2}\n```' },
    ];
    const { value } = await callStructured(context(), { ...question('compatible'), schema });
    expect(value).toEqual({ title: 'B', count: 2 });
    expect(fake.requests.map(({ wantsJson }) => wantsJson)).toEqual([true, false]);
    expect(fake.requests[1]?.prompt).toContain('JSON schema');
  });

  it('asks once more with the errors, then uses the answer', async () => {
    play({ text: '{"title":"C"}' }, { text: '{"title":"C","count":3}' });
    expect((await callStructured(context(), { ...question('compatible'), schema })).value).toEqual({
      title: 'C',
      count: 3,
    });
    expect(fake.requests[1]?.prompt).toContain('count');
  });

  it('gives up after the second unusable answer', async () => {
    play({ text: 'no idea' });
    const used: string[] = [];
    await expect(
      callStructured(context(), {
        ...question('compatible'),
        schema,
        onUnusable: async (_tx, { callId }) => {
          used.push(callId);
        },
      }),
    ).rejects.toMatchObject({ code: 'structured_output_invalid' });
    expect(fake.requests).toHaveLength(2);
    expect(used).toHaveLength(2);
  });
});
