import { afterAll, beforeAll, expect, it } from 'vitest';
import { chooseModel } from '@/server/models/catalogue/catalogue';
import { callModel } from '@/server/models/gateway/call-model';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeModel, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { storeOwnKey } from './own-keys';

const OWN_KEY = 'sk-own-0123456789-9999';
const NAMES = ['OPENAI_API_KEY', 'GOOGLE_API_KEY', 'OPENAI_BASE_URL', 'GOOGLE_BASE_URL', 'MODEL_MAX_RETRIES'];

let database: Database;
let fake: FakeModel;
let status = 401;

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(({ key }) =>
    key.includes(OWN_KEY) ? { text: '', fault: { kind: 'status', status } } : { text: 'Paid with credits.' },
  );
  Object.assign(process.env, {
    OPENAI_API_KEY: 'sk-instance-1111',
    GOOGLE_API_KEY: 'instance-2222',
    OPENAI_BASE_URL: `${fake.url}/v1`,
    GOOGLE_BASE_URL: `${fake.url}/google`,
    MODEL_MAX_RETRIES: '0',
  });
  resetEnv();
});
afterAll(async () => {
  for (const name of NAMES) delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});

it.each([401, 503])('an own key that answers %i never lets a call fall back on the instance’s key', async (code) => {
  status = code;
  fake.requests.length = 0;
  const owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
  const scope = { organizationId: owner.organizationId, quality: 'fast', capability: 'implement' } as const;
  // Without a key of its own every other model is a fallback.
  expect((await chooseModel(scope, null)).fallbacks.length).toBeGreaterThan(0);
  await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
  const where = { organizationId: owner.organizationId };
  const before = await database.prisma.creditBalance.findUniqueOrThrow({ where });
  const { ref, fallbacks } = await chooseModel(scope, 'openai:gpt-5-mini');
  const context = { ...owner, projectId: null, runId: null, taskId: null, stepId: null, idempotencyKey: newId() };
  await expect(
    callModel(
      { ...context, role: 'implement', quality: 'fast', promptVersion: 'test-1', hint: {} },
      { model: ref, fallbacks, system: 'You are tested.', prompt: 'Say something.' },
    ),
  ).rejects.toMatchObject({
    code: code === 401 ? 'own_key_refused' : 'model_call_failed',
    userMessage: expect.stringContaining(
      code === 401 ? 'Replace or remove it' : 'behind your own openai key did not answer properly',
    ),
  });
  // A key that is refused is marked and told; a provider that is down says nothing about the key.
  const refused = code === 401;
  expect(await database.prisma.providerKey.findFirstOrThrow({ where })).toMatchObject({
    testError: refused ? 'The provider does not accept this key.' : null,
    testedAt: refused ? expect.any(Date) : null,
  });
  expect(await database.prisma.notice.findMany({ where })).toMatchObject(
    refused ? [{ kind: 'own_key_failed', link: '/settings/keys' }] : [],
  );
  expect(fake.requests.every(({ key }) => key.includes(OWN_KEY))).toBe(true);
  expect(await database.prisma.creditBalance.findUnique({ where })).toMatchObject({
    monthly: before.monthly,
    bonus: before.bonus,
    held: 0n,
  });
});
