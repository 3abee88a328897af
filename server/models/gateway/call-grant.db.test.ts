import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { storeOwnKey } from '@/server/models/keys/own-keys';
import { CAPABILITIES, QUALITIES, type Role } from '@/server/models/schema';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { type FakeModel, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import type { AccessContext } from './call-grant';
import { callModel } from './call-model';
import { executeWithAIAccess } from './execute-with-ai-access';

const PLANS = ['free', 'pro', 'team'];
const KEYS = {
  OPENAI_API_KEY: 'sk-instance-1111',
  GOOGLE_API_KEY: 'google-2222',
  OPENROUTER_API_KEY: 'sk-or-3333',
  ANTHROPIC_API_KEY: 'sk-ant-4444',
  MODEL_MAX_RETRIES: '0',
};

let database: Database;
let fake: FakeModel;
let owner: { organizationId: string; userId: string };

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(({ protocol }) =>
    protocol === 'google' ? { text: 'From Google.' } : { text: '', fault: { kind: 'status', status: 503 } },
  );
  Object.assign(process.env, KEYS, { OPENAI_BASE_URL: `${fake.url}/v1`, GOOGLE_BASE_URL: `${fake.url}/google` });
  resetEnv();
});
afterAll(async () => {
  for (const name of [...Object.keys(KEYS), 'OPENAI_BASE_URL', 'GOOGLE_BASE_URL']) delete process.env[name];
  resetEnv();
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  fake.requests.length = 0;
  owner = await seedOrganization(database);
});

const context = (more: Partial<AccessContext> = {}): AccessContext => ({
  ...owner,
  projectId: null,
  runId: null,
  taskId: null,
  stepId: null,
  role: 'ask',
  quality: 'fast',
  promptVersion: 'test-1',
  idempotencyKey: newId(),
  ...more,
});

/** Goes through the gateway as far as the work, and says how it was refused. */
async function enter(model: string, more: Partial<AccessContext> = {}): Promise<string> {
  const outcome = executeWithAIAccess(context(more), {
    model,
    inputTokens: 10,
    outputTokens: () => 10,
    execute: async () => 'inside',
  });
  return outcome.then(
    ({ result }) => result,
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
}

const leftNothing = async (organizationId: string) => {
  const where = { organizationId };
  expect(await database.prisma.modelCall.count({ where })).toBe(0);
  expect(await database.prisma.creditHold.count({ where })).toBe(0);
  expect(await database.prisma.rateCounter.count({ where })).toBe(0);
};

describe('the gateway to a model', () => {
  it.each(PLANS)(
    'on the %s plan lets in exactly what the catalogue lists for plan, quality, capability and model',
    async (planId) => {
      const models = await database.prisma.llmModel.findMany({ where: { active: true } });
      const rows = await database.prisma.planQualityModel.findMany({ where: { planId } });
      const listed = new Set(rows.map((row) => [row.qualityId, row.capabilityId, row.modelRowId].join()));
      const plan = await database.prisma.planCapabilityQuality.findMany({ where: { planId } });
      const levels = new Set(plan.map((row) => [row.qualityId, row.capabilityId].join()));
      const me = await seedOrganization(database, { planId, bonusMicro: 10_000_000_000n });
      let inside = 0;
      for (const capability of CAPABILITIES) {
        for (const quality of QUALITIES) {
          for (const { id } of models) {
            const expected = listed.has([quality, capability, id].join()) ? 'inside' : 'quality_not_allowed';
            const role: Role = capability;
            expect(await enter(id, { ...me, role, quality }), `${capability} ${quality} ${id}`).toBe(expected);
            if (expected === 'inside') inside++;
          }
        }
      }
      // The walk has met all three: what may run, a model of a level that the plan has, a level it has not.
      expect(inside).toBe(listed.size);
      expect(inside).toBeLessThan(levels.size * models.length);
      expect(await database.prisma.modelCall.count({ where: me })).toBe(inside);
      expect(await auditLedger(database.prisma)).toEqual([]);
    },
    60_000,
  );

  it('says which it is: the model, the quality, or the capability', async () => {
    const refusal = (model: string, more: Partial<AccessContext>) =>
      executeWithAIAccess(context(more), {
        model,
        inputTokens: 10,
        outputTokens: () => 10,
        execute: async () => 'inside',
      });
    await expect(refusal('openai:gpt-5', {})).rejects.toMatchObject({
      code: 'quality_not_allowed',
      status: 403,
      userMessage: expect.stringContaining('The Free plan does not include GPT-5 at fast quality.'),
      details: { model: 'openai:gpt-5', quality: 'fast', capability: 'ask', planId: 'free', allowed: ['fast'] },
    });
    await expect(refusal('openai:gpt-5', { quality: 'enhanced' })).rejects.toMatchObject({
      code: 'quality_not_allowed',
      userMessage: expect.stringContaining('The Free plan does not include enhanced quality.'),
    });
    const where = { planId_capabilityId: { planId: 'free', capabilityId: 'ask' } };
    await database.prisma.planCapability.update({ where, data: { enabled: false } });
    try {
      await expect(refusal('openai:gpt-5', {})).rejects.toMatchObject({ code: 'capability_denied', status: 403 });
      await expect(refusal('openai:gpt-5-mini', {})).rejects.toMatchObject({ code: 'capability_denied' });
    } finally {
      await database.prisma.planCapability.update({ where, data: { enabled: true } });
    }
    await leftNothing(owner.organizationId);
  });

  it('is as shut for an own key: it pays the provider, it does not widen the plan', async () => {
    await storeOwnKey({ ...owner, provider: 'openai', key: 'sk-own-0123456789-abcd' });
    expect(await enter('openai:gpt-5-mini')).toBe('inside');
    expect(await enter('openai:gpt-5')).toBe('quality_not_allowed');
  });

  it('is as shut for a model that another one falls back on', async () => {
    const call = callModel(
      { ...context(), hint: {} },
      { model: 'openai:gpt-5-mini', fallbacks: ['google:gemini-2.5-pro'], system: 'Tested.', prompt: 'Say something.' },
    );
    await expect(call).rejects.toMatchObject({
      code: 'quality_not_allowed',
      details: { model: 'google:gemini-2.5-pro' },
    });
    expect(fake.requests.map(({ protocol }) => protocol)).not.toContain('google');
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('closes with the plan: after a downgrade the same call is refused', async () => {
    const me = await seedOrganization(database, { planId: 'pro' });
    expect(await enter('openai:gpt-5', { ...me, quality: 'enhanced' })).toBe('inside');
    await database.prisma.organizationPlan.update({
      where: { organizationId: me.organizationId },
      data: { planId: 'free' },
    });
    expect(await enter('openai:gpt-5', { ...me, quality: 'enhanced' })).toBe('quality_not_allowed');
  });

  it('lets nobody in at a limit of none', async () => {
    const where = { planId_capabilityId: { planId: 'free', capabilityId: 'ask' } };
    await database.prisma.planCapability.update({ where, data: { requestsPerDay: 0 } });
    try {
      expect(await enter('openai:gpt-5-mini')).toBe('rate_limited');
    } finally {
      await database.prisma.planCapability.update({ where, data: { requestsPerDay: 500 } });
    }
    await leftNothing(owner.organizationId);
  });
});
