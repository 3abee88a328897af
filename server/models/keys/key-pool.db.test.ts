import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { callModel } from '@/server/models/gateway/call-model';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeAnswer, type FakeModel, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { choosePooledKey } from './key-pool';

const KEYS = ['sk-pool-aaaa', 'sk-pool-bbbb', 'sk-pool-cccc'];
type Fault = NonNullable<FakeAnswer['fault']>;

let database: Database;
let fake: FakeModel;
let owner: { organizationId: string; userId: string };
let faults: Record<string, Fault> = {};

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(({ key }) => {
    const fault = faults[key.slice(-4)];
    return { text: 'Answered.', ...(fault === undefined ? {} : { fault }) };
  });
});
beforeEach(async () => {
  setClockOffset(0);
  configure(KEYS);
  faults = {};
  fake.requests.length = 0;
  await database.prisma.instanceKey.updateMany({
    data: { faults: 0, fault: null, restsUntil: null, lastUsedAt: null },
  });
  owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
});
afterAll(async () => {
  setClockOffset(0);
  for (const name of ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'MODEL_MAX_RETRIES', 'LOG_LEVEL']) delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});

function configure(keys: string[]) {
  Object.assign(process.env, {
    OPENAI_API_KEY: keys.join(', '),
    OPENAI_BASE_URL: `${fake.url}/v1`,
    MODEL_MAX_RETRIES: '0',
    LOG_LEVEL: 'fatal',
  });
  resetEnv();
}

const ask = () =>
  callModel(
    {
      ...owner,
      ...{ projectId: null, runId: null, taskId: null, stepId: null, hint: {} },
      ...{ role: 'ask', quality: 'fast', promptVersion: 'test-1', idempotencyKey: newId() },
    },
    { model: 'openai:gpt-5-mini', fallbacks: [], system: 'You are tested.', prompt: 'Say something.' },
  );
const seen = () => fake.requests.map(({ key }) => key.slice(-4));
const health = (lastFour: string) => database.prisma.instanceKey.findFirstOrThrow({ where: { lastFour } });

it('several keys take turns, and each usage row names its own', async () => {
  for (let i = 0; i < 6; i++) await ask();
  expect(seen().slice(0, 3).toSorted()).toEqual(['aaaa', 'bbbb', 'cccc']);
  expect(seen().slice(3)).toEqual(seen().slice(0, 3));
  const where = { organizationId: owner.organizationId };
  const rows = await database.prisma.modelCall.findMany({ where, orderBy: { createdAt: 'asc' } });
  expect(rows.map(({ keyIdentifier }) => keyIdentifier)).toEqual(seen());
});

it('thirty calls at once are spread evenly', async () => {
  const chosen = await Promise.all(Array.from({ length: 30 }, () => choosePooledKey('openai')));
  // A native database chooses for several at once: what one of them holds is skipped.
  const counts = KEYS.map((key) => chosen.filter(({ apiKey }) => apiKey === key).length);
  if (database.pglite !== null) expect(counts).toEqual([10, 10, 10]);
  else expect(Math.min(...counts)).toBeGreaterThan(5);
});

it('a key over its limit rests as long as its provider asks; the call goes to another at once', async () => {
  faults = { aaaa: { kind: 'status', status: 429, retryAfter: '40' } };
  for (let i = 0; i < 6; i++) expect(await ask()).toMatchObject({ text: 'Answered.' });
  expect(seen().filter((key) => key === 'aaaa')).toHaveLength(1);
  const rows = await database.prisma.modelCall.findMany({ where: { organizationId: owner.organizationId } });
  expect(rows.map(({ status }) => status)).toEqual(Array(6).fill('succeeded'));
  expect(rows.some(({ keyIdentifier }) => keyIdentifier === 'aaaa')).toBe(false);
  faults = {};
  setClockOffset(41_000);
  for (let i = 0; i < 3; i++) await ask();
  expect(seen().filter((key) => key === 'aaaa')).toHaveLength(2);
  expect(await health('aaaa')).toMatchObject({ faults: 0, fault: null, restsUntil: null });
});

it('a key that is refused is passed over, and rests for an hour', async () => {
  faults = { bbbb: { kind: 'status', status: 401 } };
  for (let i = 0; i < 6; i++) expect(await ask()).toMatchObject({ text: 'Answered.' });
  expect(seen().filter((key) => key === 'bbbb')).toHaveLength(1);
  expect(await health('bbbb')).toMatchObject({ fault: 'key-refused', restsUntil: expect.any(Date) });
});

it('when all rest for long, no request is sent and the shortest wait is named', async () => {
  const at = (seconds: number): Fault => ({ kind: 'status', status: 429, retryAfter: String(seconds) });
  faults = { aaaa: at(900), bbbb: at(300), cccc: at(600) };
  await expect(ask()).rejects.toMatchObject({ code: 'rate_limited' });
  expect(seen().toSorted()).toEqual(['aaaa', 'bbbb', 'cccc']);
  const again = await ask().catch((error: unknown) => error);
  expect(again).toMatchObject({ code: 'rate_limited', details: { by: 'provider' } });
  const { retryAfterSeconds } = (again as { details: { retryAfterSeconds: number } }).details;
  expect(retryAfterSeconds).toBeGreaterThan(280);
  expect(retryAfterSeconds).toBeLessThanOrEqual(300);
  expect(fake.requests).toHaveLength(3);
});

it('after five outages in a row a key rests; then one call tries it, and its answer closes the circuit', async () => {
  faults = { aaaa: { kind: 'status', status: 503 } };
  for (let i = 0; i < 18; i++) await ask().catch(() => undefined);
  expect(seen().filter((key) => key === 'aaaa')).toHaveLength(5);
  setClockOffset(31_000);
  const chosen = await Promise.all(Array.from({ length: 9 }, () => choosePooledKey('openai')));
  expect(chosen.filter(({ apiKey }) => apiKey === KEYS[0])).toHaveLength(1);
  faults = {};
  setClockOffset(62_000);
  await ask();
  expect(seen().at(-1)).toBe('aaaa');
  expect(await health('aaaa')).toMatchObject({ faults: 0, restsUntil: null });
});

it('one key is chosen without a statement', async () => {
  configure(['sk-single-dddd']);
  await ask();
  expect(seen()).toEqual(['dddd']);
  expect(await database.prisma.instanceKey.count({ where: { lastFour: 'dddd' } })).toBe(0);
});
