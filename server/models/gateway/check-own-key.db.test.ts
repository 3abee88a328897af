import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { meterUsage, type UsageMeter } from '@/server/credits/reports/request-usage';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { listOwnKeys, removeOwnKey, storeOwnKey } from '@/server/models/keys/own-keys';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { type FakeAnswer, type FakeModel, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { checkOwnKey } from './check-own-key';

const OWN_KEY = 'sk-own-0123456789-abcd';
const MINUTE = 60_000;

let database: Database;
let fake: FakeModel;
let answer: FakeAnswer;
let owner: { organizationId: string; userId: string };

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(() => answer);
  // A fee of a tenth: the test of a key costs none of it.
  Object.assign(process.env, { OPENAI_BASE_URL: `${fake.url}/v1`, MODEL_MAX_RETRIES: '2', OWN_KEY_FEE_PERCENT: '10' });
  resetEnv();
});
afterAll(async () => {
  for (const name of ['OPENAI_BASE_URL', 'OPENAI_API_KEY', 'MODEL_MAX_RETRIES', 'OWN_KEY_FEE_PERCENT'])
    delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  answer = { text: 'OK.', usage: { input: 1000, output: 100 } };
  fake.requests.length = 0;
  // Without limits of the plan's.
  owner = await seedOrganization(database, { planId: 'team' });
  await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
});
afterEach(() => setClockOffset(0));

const test = () => checkOwnKey({ ...owner, provider: 'openai' });
const calls = () => database.prisma.modelCall.findMany({ where: owner, orderBy: { createdAt: 'asc' } });

it('asks by the key itself, costs no credits, and is on record with its true cost', async () => {
  const meter: UsageMeter = { used: 0n, balanceLeft: null };
  expect(await meterUsage(meter, test)).toEqual({ works: true, message: 'GPT-5 mini answered.' });
  expect(fake.requests.map(({ key }) => key)).toEqual([OWN_KEY]);
  expect(await calls()).toEqual([
    expect.objectContaining({
      role: 'key-test',
      userId: owner.userId,
      modelRowId: 'openai:gpt-5-mini',
      status: 'succeeded',
      ownKey: true,
      keyIdentifier: 'abcd',
      inputTokens: 1000,
      outputTokens: 100,
      // 1000 x 0.25 + 100 x 2.00 dollars a million.
      costNano: 450_000n,
      chargedMicro: 0n,
      holdId: null,
    }),
  ]);
  expect(meter).toEqual({ used: 0n, balanceLeft: 100_000_000n });
  expect(await database.prisma.creditEntry.count({ where: { ...owner, kind: 'usage' } })).toBe(0);
  expect(await auditLedger(database.prisma)).toEqual([]);
});

it('says what a wrong key brings without repeating it, and leaves the failure on record', async () => {
  answer = { text: '', fault: { kind: 'status', status: 401 } };
  expect(await test()).toEqual({ works: false, message: 'The provider does not accept this key.' });
  expect(await listOwnKeys(owner.organizationId)).toEqual([
    expect.objectContaining({ testError: 'The provider does not accept this key.', testedAt: expect.any(Date) }),
  ]);
  expect(await calls()).toEqual([
    expect.objectContaining({
      status: 'failed',
      errorCode: 'model_call_failed',
      errorMessage: 'The provider does not accept this key.',
      costNano: 0n,
      chargedMicro: 0n,
    }),
  ]);
});

it('tells a used-up key from a wrong one, at once', async () => {
  answer = { text: '', fault: { kind: 'status', status: 429, retryAfter: '1800' } };
  expect(await test()).toMatchObject({ works: false, message: expect.stringContaining('limit or credit') });
  expect(fake.requests).toHaveLength(1);
});

it('is limited a minute, exactly, also on a plan without limits; the plan’s own requests are not counted', async () => {
  const limit = MODEL_LIMITS.keyTestsPerMinute;
  // At the start of a minute, so that none turns in between.
  setClockOffset(MINUTE - (Date.now() % MINUTE));
  const results = await Promise.allSettled(Array.from({ length: limit + 4 }, test));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(limit);
  expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'rate_limited', status: 429, details: { limit, per: 'minute' } },
  });
  expect(fake.requests).toHaveLength(limit);
  expect(await calls()).toHaveLength(limit);
  const counted = await database.prisma.rateCounter.findMany({ where: { organizationId: owner.organizationId } });
  expect(counted.map(({ capability, count }) => [capability, count])).toEqual([
    ['key-test', limit],
    ['key-test', limit],
  ]);
  setClockOffset(2 * MINUTE - (Date.now() % MINUTE));
  expect(await test()).toMatchObject({ works: true });
});

it('never tries the instance’s key in place of one that is not there', async () => {
  process.env.OPENAI_API_KEY = 'sk-instance-1111';
  resetEnv();
  await removeOwnKey(owner.organizationId, 'openai');
  await expect(test()).rejects.toMatchObject({ code: 'not_found' });
  await expect(removeOwnKey(owner.organizationId, 'openai')).rejects.toMatchObject({ code: 'not_found' });
  expect(fake.requests).toHaveLength(0);
  expect(await calls()).toEqual([]);
});
