import 'server-only';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { CallContext } from '@/server/models/gateway/call-model';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeAnswer, type FakeModel, type FakeRequest, startFakeModel } from './fake-model/server';
import { closeTestDb, seedOrganization, testDb } from './test-db';

// An instance with a key of OpenAI, whose servers a test answers for. Importing this sets a test file up: a database, the fake
// providers, and an organization of its own for each test.

const SETTINGS = [
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'GOOGLE_API_KEY',
  'GOOGLE_BASE_URL',
  'OPENROUTER_API_KEY',
  'MODEL_MAX_RETRIES',
  'OWN_KEY_FEE_PERCENT',
];

export let database: Database;
export let fake: FakeModel;
let respond: (request: FakeRequest) => FakeAnswer;
export let owner: { organizationId: string; userId: string };

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel((request) => respond(request));
});
afterAll(async () => {
  for (const name of SETTINGS) delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  respond = () => ({ text: 'Hello.', usage: { input: 1000, output: 100 } });
  fake.requests.length = 0;
  configure({ OPENAI_API_KEY: 'sk-instance-1111', OPENAI_BASE_URL: `${fake.url}/v1` });
  owner = await seedOrganization(database);
});

export function configure(settings: Record<string, string>): void {
  for (const name of SETTINGS) delete process.env[name];
  Object.assign(process.env, { MODEL_MAX_RETRIES: '0', GOOGLE_BASE_URL: `${fake.url}/google`, ...settings });
  resetEnv();
}

export const context = (more: Partial<CallContext> = {}): CallContext => ({
  ...owner,
  projectId: null,
  runId: null,
  taskId: null,
  stepId: null,
  role: 'ask',
  quality: 'fast',
  promptVersion: 'test-1',
  idempotencyKey: newId(),
  hint: {},
  ...more,
});
export const ask = (model = 'openai:gpt-5-mini') => ({ model, system: 'You are tested.', prompt: 'Say something.' });
export const scope = (quality: 'fast' | 'enhanced' | 'premium' = 'fast') => ({
  organizationId: owner.organizationId,
  quality,
  capability: 'ask' as const,
});

/** What the providers answer from now on, in this test. */
export function respondWith(answer: typeof respond): void {
  respond = answer;
}
