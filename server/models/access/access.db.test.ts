import { describe, expect, it } from 'vitest';
import { checkAndCountAccess, checkCapabilityAccess } from '@/server/credits/access/plan-access';
import { auditLedger } from '@/server/credits/ledger/audit';
import { meterUsage, type UsageMeter } from '@/server/credits/reports/request-usage';
import { chooseModel, usableModels } from '@/server/models/catalogue/catalogue';
import { callModel } from '@/server/models/gateway/call-model';
import { listOwnKeys, storeOwnKey } from '@/server/models/keys/own-keys';
import { newId } from '@/server/platform/ids';
import { ask, configure, context, database, fake, owner, respondWith, scope } from '@/test/providers';
import { seedOrganization } from '@/test/test-db';
import { checkAIAccess } from './check-ai-access';
import { quoteCall } from './quote-call';
import { quoteFor } from './quote-for-organization';

const OWN_KEY = 'sk-own-0123456789-abcd';

describe('rate limits', () => {
  it('grant exactly the limit to concurrent requests, then say when to come back', async () => {
    const limit = 30;
    const results = await Promise.allSettled(
      Array.from({ length: limit + 15 }, () =>
        database.prisma.$transaction((tx) =>
          checkAndCountAccess(tx, { organizationId: owner.organizationId, capability: 'ask', quality: 'fast' }),
        ),
      ),
    );
    // A minute may turn in between: then a second window grants more, but never more than two.
    const granted = results.filter(({ status }) => status === 'fulfilled').length;
    const windows = await database.prisma.rateCounter.findMany({
      where: { organizationId: owner.organizationId, window: { startsWith: 'minute:' } },
    });
    expect(granted).toBe(windows.reduce((sum, { count }) => sum + count, 0));
    expect(windows.every(({ count }) => count <= limit)).toBe(true);
    if (windows.length > 1) return;
    expect(granted).toBe(limit);
    const refused = results.find(({ status }) => status === 'rejected');
    expect(refused).toMatchObject({ reason: { code: 'rate_limited', details: { limit, per: 'minute' } } });
    const access = await checkCapabilityAccess(database.prisma, {
      organizationId: owner.organizationId,
      capability: 'ask',
    });
    expect(access.requestsLeft).toBe(0);
    expect(access.retryAfterSeconds).toBeGreaterThan(0);
    expect(access.retryAfterSeconds).toBeLessThanOrEqual(60);
  });

  it('do not count a call that could not be paid', async () => {
    const poor = await seedOrganization(database, { monthlyMicro: 1n });
    await expect(callModel(context(poor), ask())).rejects.toMatchObject({ code: 'insufficient_credits' });
    expect(await database.prisma.rateCounter.count({ where: { organizationId: poor.organizationId } })).toBe(0);
  });

  it('refuse a quality the plan does not include before anything is sent', async () => {
    await expect(callModel(context({ quality: 'premium' }), ask())).rejects.toMatchObject({
      code: 'quality_not_allowed',
      status: 403,
      details: { quality: 'premium', allowed: ['fast'] },
    });
    expect(fake.requests).toHaveLength(0);
  });
});

describe('an own key', () => {
  it('is encrypted at rest, used before the instance’s, free of credits, and logged with its true cost', async () => {
    await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
    const row = await database.prisma.providerKey.findFirstOrThrow({ where: { organizationId: owner.organizationId } });
    expect(Buffer.from(row.ciphertext).toString('latin1')).not.toContain('own-0123456789');
    expect(await listOwnKeys(owner.organizationId)).toEqual([
      expect.objectContaining({ provider: 'openai', lastFour: 'abcd' }),
    ]);
    expect(JSON.stringify(await listOwnKeys(owner.organizationId))).not.toContain('own-0123');
    const ctx = context();
    const result = await callModel(ctx, ask());
    expect(fake.requests[0]?.key).toBe(OWN_KEY);
    expect(result).toMatchObject({ chargedMicro: 0n, text: 'Hello.' });
    const call = await database.prisma.modelCall.findUniqueOrThrow({ where: { idempotencyKey: ctx.idempotencyKey } });
    // 1000 x 0.25 + 100 x 2.00 dollars a million.
    expect(call).toMatchObject({
      ownKey: true,
      keyIdentifier: 'abcd',
      costNano: 450_000n,
      chargedMicro: 0n,
      holdId: null,
    });
    expect(await database.prisma.creditHold.count({ where: owner })).toBe(0);
    expect((await checkAIAccess({ ...owner, capability: 'ask', quality: 'fast' })).models[0]).toMatchObject({
      ownKey: true,
    });
  });

  it('is quoted at what it costs: nothing, or the platform fee', async () => {
    const call = { role: 'ask', quality: 'fast', modelRef: 'openai:gpt-5-mini' } as const;
    const full = await quoteCall(database.prisma, call);
    expect(await quoteFor(database.prisma, owner.organizationId, call)).toEqual(full);
    await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
    expect(await quoteFor(database.prisma, owner.organizationId, call)).toEqual({ p50: 0n, p90: 0n });
    configure({ OPENAI_BASE_URL: `${fake.url}/v1`, OWN_KEY_FEE_PERCENT: '10' });
    const fee = await quoteFor(database.prisma, owner.organizationId, call);
    expect(fee).toEqual({ p50: (full.p50 + 9n) / 10n, p90: (full.p90 + 9n) / 10n });
    expect((await checkAIAccess({ ...owner, capability: 'ask', quality: 'fast' })).estimate).toEqual(fee);
  });

  it('costs the platform fee where one is set', async () => {
    configure({ OPENAI_BASE_URL: `${fake.url}/v1`, OWN_KEY_FEE_PERCENT: '10' });
    await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
    const result = await callModel(context(), ask());
    // 450,000 nano-dollars x 1.5 / 0.10 = 6,750 micro-credits; a tenth of it.
    expect(result.chargedMicro).toBe(675n);
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('of another organization is never used, and a copied row does not decrypt', async () => {
    await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
    const other = await seedOrganization(database);
    await callModel(context(other), ask());
    expect(fake.requests[0]?.key).toBe('sk-instance-1111');
    const row = await database.prisma.providerKey.findFirstOrThrow({ where: { organizationId: owner.organizationId } });
    await database.prisma.providerKey.create({ data: { ...row, id: newId(), organizationId: other.organizationId } });
    await expect(callModel(context(other), ask())).rejects.toMatchObject({ code: 'internal' });
  });

  it('makes its provider’s models usable on an instance without keys, in place of the demo', async () => {
    configure({ OPENAI_BASE_URL: `${fake.url}/v1` });
    expect((await usableModels(scope())).map(({ ref }) => ref)).toEqual(['demo:demo']);
    await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
    expect((await usableModels(scope())).map(({ ref }) => ref)).toEqual(['openai:gpt-5-mini']);
  });
});

describe('the catalogue', () => {
  it('moves a deprecated model on to the end of its chain', async () => {
    const { prisma } = database;
    const row = { provider: 'openai', tier: 'fast' as const, deprecatedAt: new Date(0) };
    await prisma.llmModel.create({
      data: { id: 'openai:older', modelId: 'older', label: 'Older', ...row, replacedById: 'openai:old' },
    });
    await prisma.llmModel.create({
      data: { id: 'openai:old', modelId: 'old', label: 'Old', ...row, replacedById: 'openai:gpt-5-mini' },
    });
    expect(await chooseModel(scope(), 'openai:older')).toMatchObject({
      ref: 'openai:gpt-5-mini',
      replaced: { from: 'Older', to: 'GPT-5 mini', reason: 'deprecated' },
    });
    // A ring that an operator made by mistake ends at the default.
    await prisma.llmModel.update({ where: { id: 'openai:old' }, data: { replacedById: 'openai:older' } });
    expect((await chooseModel(scope(), 'openai:older')).ref).toBe('openai:gpt-5-mini');
  });

  it('does not let a plan call a model of a level it does not include', async () => {
    expect(await chooseModel(scope(), 'openai:gpt-5')).toMatchObject({
      ref: 'openai:gpt-5-mini',
      replaced: { reason: 'unavailable' },
    });
    await expect(chooseModel(scope('premium'), null)).rejects.toMatchObject({ code: 'model_not_available' });
  });

  it('falls back to the next allowed model when a provider is down, and the failed call costs nothing', async () => {
    configure({ OPENAI_API_KEY: 'sk-instance-1111', OPENAI_BASE_URL: `${fake.url}/v1`, GOOGLE_API_KEY: 'google-2222' });
    respondWith(({ protocol }) =>
      protocol === 'google' ? { text: 'From Google.' } : { text: '', fault: { kind: 'status', status: 503 } },
    );
    const { ref, fallbacks } = await chooseModel(scope(), null);
    expect([ref, ...fallbacks]).toEqual(['openai:gpt-5-mini', 'google:gemini-2.5-flash']);
    const ctx = context();
    expect(await callModel(ctx, { ...ask(ref), fallbacks })).toMatchObject({
      text: 'From Google.',
      modelLabel: 'Gemini 2.5 Flash',
    });
    const calls = await database.prisma.modelCall.findMany({ where: owner, orderBy: { createdAt: 'asc' } });
    expect(calls.map(({ status, modelRowId }) => [modelRowId, status])).toEqual([
      ['openai:gpt-5-mini', 'failed'],
      ['google:gemini-2.5-flash', 'succeeded'],
    ]);
    expect(calls[0]?.chargedMicro).toBe(0n);
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('says when to come back when the only provider is over its limit for long', async () => {
    respondWith(() => ({ text: '', fault: { kind: 'status', status: 429, retryAfter: '1800' } }));
    await expect(callModel(context(), ask())).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retryAfterSeconds: 1800, by: 'provider' },
    });
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('does not fall back on a request that no provider would take', async () => {
    configure({ OPENAI_API_KEY: 'sk-instance-1111', OPENAI_BASE_URL: `${fake.url}/v1`, GOOGLE_API_KEY: 'google-2222' });
    respondWith(() => ({ text: '', fault: { kind: 'status', status: 400 } }));
    await expect(callModel(context(), { ...ask(), fallbacks: ['google:gemini-2.5-flash'] })).rejects.toMatchObject({
      code: 'model_call_failed',
    });
    expect(fake.requests).toHaveLength(1);
  });

  it('quotes by a new price row from its date on, and leaves what was charged before as it was', async () => {
    const ctx = context();
    await callModel(ctx, ask());
    const before = await quoteCall(database.prisma, { role: 'ask', quality: 'fast', modelRef: 'openai:gpt-5-mini' });
    await database.prisma.modelPrice.create({
      data: {
        id: newId(),
        modelRowId: 'openai:gpt-5-mini',
        inputPerMillion: 2_500_000_000n,
        outputPerMillion: 20_000_000_000n,
        cachedPerMillion: 250_000_000n,
        effectiveFrom: new Date(Date.now() - 1000),
      },
    });
    const after = await quoteCall(database.prisma, { role: 'ask', quality: 'fast', modelRef: 'openai:gpt-5-mini' });
    expect(after.p50).toBe(before.p50 * 10n);
    expect(await database.prisma.modelCall.findUnique({ where: { idempotencyKey: ctx.idempotencyKey } })).toMatchObject(
      { costNano: 450_000n },
    );
  });
});

it('reports what a request’s model calls have cost', async () => {
  const meter: UsageMeter = { used: 0n, balanceLeft: null };
  await meterUsage(meter, async () => {
    await callModel(context(), ask());
    await callModel(context(), ask());
  });
  const spent = await database.prisma.creditEntry.aggregate({
    where: { ...owner, kind: 'usage' },
    _sum: { amount: true },
  });
  expect(meter.used).toBe(-(spent._sum.amount ?? 0n));
  expect(meter.balanceLeft).toBe(100_000_000n - meter.used);
});

it('says what is left to the payer: of the organization’s balance no more than their own budget leaves', async () => {
  const where = { organizationId_userId: owner };
  const budget = async (monthlyBudgetMicro: bigint | null) =>
    database.prisma.membership.update({ where, data: { monthlyBudgetMicro } });
  const meter: UsageMeter = { used: 0n, balanceLeft: null };
  await budget(2_000_000n);
  const first = await meterUsage(meter, () => callModel(context(), ask()));
  expect(first.balanceMicro).toBe(2_000_000n - first.chargedMicro);
  expect(meter.balanceLeft).toBe(first.balanceMicro);
  // A budget above what there is gives nothing.
  await budget(900_000_000n);
  const second = await callModel(context(), ask());
  expect(second.balanceMicro).toBe(100_000_000n - first.chargedMicro - second.chargedMicro);
  await budget(null);
});
