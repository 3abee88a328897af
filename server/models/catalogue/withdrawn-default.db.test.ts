import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { chooseModel, type ModelScope } from './catalogue';

const DEFAULT = 'openai:gpt-5-mini';
/** Listed at this level; `openai:gpt-5` is not. */
const LISTED = 'google:gemini-2.5-flash';
const UNLISTED = 'openai:gpt-5';
const KEYS = { OPENAI_API_KEY: 'sk-instance-1111', GOOGLE_API_KEY: 'instance-2222', OPENROUTER_API_KEY: 'or-3333' };
const gone = { deprecatedAt: new Date(0) };

let database: Database;
let scope: ModelScope;

beforeAll(async () => {
  database = await testDb();
  Object.assign(process.env, KEYS);
  resetEnv();
});
afterAll(async () => {
  for (const name of Object.keys(KEYS)) delete process.env[name];
  resetEnv();
  await closeTestDb();
});
beforeEach(async () => {
  const { organizationId } = await seedOrganization(database, { planId: 'pro' });
  scope = { organizationId, quality: 'fast', capability: 'ask' };
  await database.prisma.llmModel.updateMany({ data: { deprecatedAt: null, active: true, replacedById: null } });
});

const change = (id: string, data: { deprecatedAt?: Date; active?: boolean; replacedById?: string }) =>
  database.prisma.llmModel.update({ where: { id }, data });

it('a default that can be called is not replaced', async () => {
  expect(await chooseModel(scope, null)).toMatchObject({ ref: DEFAULT, replaced: null });
});

it('a withdrawn default gives way to its successor, also along a chain over a model of another level, and says so', async () => {
  await change(DEFAULT, { ...gone, replacedById: LISTED });
  const said = { fromRef: DEFAULT, reason: 'deprecated' };
  expect(await chooseModel(scope, null)).toMatchObject({ ref: LISTED, replaced: said });
  await change(DEFAULT, { replacedById: UNLISTED });
  await change(UNLISTED, { ...gone, replacedById: LISTED });
  expect(await chooseModel(scope, null)).toMatchObject({ ref: LISTED, replaced: said });
});

it.each<[string, () => Promise<unknown>]>([
  ['without a successor', () => change(DEFAULT, gone)],
  ['switched off without a successor', () => change(DEFAULT, { active: false })],
  ['whose successor is not listed at the level', () => change(DEFAULT, { ...gone, replacedById: UNLISTED })],
  [
    'of a ring of successors',
    async () => {
      await change(DEFAULT, { ...gone, replacedById: UNLISTED });
      await change(UNLISTED, { ...gone, replacedById: DEFAULT });
    },
  ],
])(
  'a withdrawn default %s gives way to the next in the list, and says so as one that was chosen does',
  async (_, withdraw) => {
    await withdraw();
    const choice = await chooseModel(scope, null);
    expect(choice.ref).not.toBe(DEFAULT);
    expect(choice.replaced).toMatchObject({ fromRef: DEFAULT, reason: 'unavailable' });
    expect(choice).toEqual(await chooseModel(scope, DEFAULT));
  },
);
