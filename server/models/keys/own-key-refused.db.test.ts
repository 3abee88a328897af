import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callModel } from '@/server/models/gateway/call-model';
import { checkOwnKey } from '@/server/models/gateway/check-own-key';
import { embedTexts } from '@/server/models/gateway/embed';
import type { Provider } from '@/server/models/schema';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeModel, type FakeVectors, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { storeOwnKey } from './own-keys';

const OWN_KEY = 'AIza-own-0123456789-9999';
const INSTANCE = { OPENAI_API_KEY: 'sk-instance-1111', GOOGLE_API_KEY: 'instance-2222' };
const REFUSED = 'The provider does not accept this key.';
const UNPAID = 'The provider says that the credit of this key is used up.';

type Fault = NonNullable<FakeVectors['fault']> & { kind: 'status' };

let database: Database;
let fake: FakeModel;
let owner: { organizationId: string; userId: string };
/** What a key is answered with; every other key is answered well. */
let refused: { key: string; fault: Fault };

beforeAll(async () => {
  database = await testDb();
  const faultOf = (key: string) => (key === refused.key ? { fault: refused.fault } : {});
  fake = await startFakeModel(
    ({ key }) => ({ text: 'Answered.', ...faultOf(key) }),
    ({ key }) => ({ vectors: [[1, 0]], ...faultOf(key) }),
  );
  Object.assign(process.env, {
    ...INSTANCE,
    OPENAI_BASE_URL: `${fake.url}/v1`,
    GOOGLE_BASE_URL: `${fake.url}/google`,
    MODEL_MAX_RETRIES: '0',
    LOG_LEVEL: 'fatal',
  });
  resetEnv();
  const vectors = { id: 'google:vectors', provider: 'google', modelId: 'vectors', label: 'Vectors', kind: 'embedding' };
  await database.prisma.llmModel.create({ data: vectors });
  const free = { inputPerMillion: 0n, outputPerMillion: 0n, cachedPerMillion: 0n, effectiveFrom: new Date(0) };
  await database.prisma.modelPrice.create({ data: { id: newId(), modelRowId: vectors.id, ...free } });
});
afterAll(async () => {
  for (const name of [...Object.keys(INSTANCE), 'OPENAI_BASE_URL', 'GOOGLE_BASE_URL', 'MODEL_MAX_RETRIES', 'LOG_LEVEL'])
    delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  fake.requests.length = 0;
  owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
});

const ask = (model: string, fallbacks: string[] = []) =>
  callModel(
    {
      ...owner,
      ...{ projectId: null, runId: null, taskId: null, stepId: null, hint: {} },
      ...{ role: 'ask', quality: 'fast', promptVersion: 'test-1', idempotencyKey: newId() },
    },
    { model, fallbacks, system: 'You are tested.', prompt: 'Say something.' },
  );

const invalid: Fault = { kind: 'status', status: 400, reason: 'API_KEY_INVALID' };

describe.each<[string, Provider, string, Fault, string, string]>([
  ['Google does not know', 'google', 'google:gemini-2.5-flash', invalid, REFUSED, 'is not accepted by its provider'],
  ['is forbidden', 'google', 'google:gemini-2.5-flash', { kind: 'status', status: 403 }, REFUSED, 'is not accepted'],
  [
    'nobody pays for',
    'openai',
    'openai:gpt-5-mini',
    { kind: 'status', status: 402 },
    UNPAID,
    'credit of your own openai',
  ],
])('a key that %s', (_, provider, model, fault, testError, body) => {
  const own = () => ({ where: { organizationId: owner.organizationId } });

  it('is marked at the first call, and its owner is told what to do', async () => {
    refused = { key: OWN_KEY, fault };
    await storeOwnKey({ ...owner, provider, key: OWN_KEY });
    await expect(ask(model)).rejects.toMatchObject({
      code: 'own_key_refused',
      userMessage: expect.stringContaining(body),
    });
    expect(await database.prisma.providerKey.findFirstOrThrow(own())).toMatchObject({
      testError,
      testedAt: expect.any(Date),
    });
    expect(await database.prisma.notice.findMany(own())).toMatchObject([
      { kind: 'own_key_failed', body: expect.stringContaining(body) },
    ]);
  });

  it('is told as that by its test', async () => {
    refused = { key: OWN_KEY, fault };
    await storeOwnKey({ ...owner, provider, key: OWN_KEY });
    expect(await checkOwnKey({ ...owner, provider })).toEqual({ works: false, message: testError });
  });

  it('of the instance is passed over for the next provider’s', async () => {
    refused = { key: INSTANCE[provider === 'google' ? 'GOOGLE_API_KEY' : 'OPENAI_API_KEY'], fault };
    const next = provider === 'google' ? 'openai:gpt-5-mini' : 'google:gemini-2.5-flash';
    expect(await ask(model, [next])).toMatchObject({ text: 'Answered.' });
    expect(fake.requests).toHaveLength(2);
  });
});

it('a request that Google refuses for another reason says nothing about the key', async () => {
  refused = { key: OWN_KEY, fault: { kind: 'status', status: 400, reason: 'INVALID_ARGUMENT' } };
  await storeOwnKey({ ...owner, provider: 'google', key: OWN_KEY });
  await expect(ask('google:gemini-2.5-flash')).rejects.toMatchObject({ code: 'model_call_failed' });
  const where = { organizationId: owner.organizationId };
  expect(await database.prisma.providerKey.findFirstOrThrow({ where })).toMatchObject({ testError: null });
  expect(await database.prisma.notice.count({ where })).toBe(0);
});

it('an own key that is refused while a question is embedded is marked as well', async () => {
  refused = { key: OWN_KEY, fault: invalid };
  await storeOwnKey({ ...owner, provider: 'google', key: OWN_KEY });
  await expect(embedTexts({ ...owner, projectId: newId() }, 'google:vectors', ['one'])).rejects.toMatchObject({
    code: 'own_key_refused',
  });
  const where = { organizationId: owner.organizationId };
  expect(await database.prisma.providerKey.findFirstOrThrow({ where })).toMatchObject({ testError: REFUSED });
  expect(await database.prisma.notice.count({ where })).toBe(1);
});
