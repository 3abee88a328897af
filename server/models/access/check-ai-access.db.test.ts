import { describe, expect, it } from 'vitest';
import { callModel } from '@/server/models/gateway/call-model';
import { ask, configure, context, database, fake, owner } from '@/test/providers';
import { seedOrganization } from '@/test/test-db';
import { checkAIAccess } from './check-ai-access';

describe('the access check', () => {
  it('lets a free plan run at fast, and says what enhanced costs to unlock', async () => {
    const answer = await checkAIAccess({ ...owner, capability: 'implement', quality: 'fast' });
    expect(answer).toMatchObject({
      allowed: true,
      missing: 0n,
      plan: { id: 'free' },
      modelLabel: 'GPT-5 mini',
      effort: 'low',
    });
    expect(answer.estimate?.p90).toBeGreaterThan(0n);
    const enhanced = answer.qualities.find(({ quality }) => quality === 'enhanced');
    expect(enhanced).toMatchObject({
      allowed: false,
      denial: { code: 'quality_not_allowed' },
      models: [],
      modelLabel: 'GPT-5',
      effort: 'medium',
    });
    expect(enhanced?.estimate?.p90).toBeGreaterThan(answer.estimate?.p90 ?? 0n);
    expect(enhanced?.unlocks).toEqual([expect.objectContaining({ kind: 'upgrade', planId: 'pro' })]);
    const premium = answer.qualities.find(({ quality }) => quality === 'premium');
    expect(premium?.unlocks).toEqual([expect.objectContaining({ kind: 'upgrade', planId: 'team' })]);
  });

  it('says what is missing and lists waiting, the smallest package and the plan, cheapest first', async () => {
    const poor = await seedOrganization(database, { monthlyMicro: 1n });
    const answer = await checkAIAccess({ ...poor, capability: 'implement', quality: 'fast' });
    expect(answer).toMatchObject({ allowed: false, denial: { code: 'insufficient_credits' }, available: 1n });
    expect(answer.missing).toBe((answer.required ?? 0n) - 1n);
    expect(answer.unlocks.map(({ kind }) => kind)).toEqual(['wait', 'topup', 'upgrade']);
    expect(answer.unlocks[1]).toMatchObject({ packageId: 'starter' });
  });

  it('does not offer to wait for credits that would not be enough', async () => {
    const { estimate } = await checkAIAccess({ ...owner, capability: 'implement', quality: 'fast' });
    const p90 = estimate?.p90 ?? 0n;
    // Nine credits are left and expire at the reset that brings ten: ten is not enough for eleven.
    const almost = await seedOrganization(database, { monthlyMicro: 9_000_000n });
    const work = [{ role: 'implement' as const, count: Number(11_000_000n / p90) + 1 }];
    const answer = await checkAIAccess({ ...almost, capability: 'implement', quality: 'fast', work });
    expect(answer.missing).toBeGreaterThan(1_000_000n);
    expect(answer.unlocks.map(({ kind }) => kind)).toEqual(['topup', 'upgrade']);
  });

  it('counts the person’s own monthly budget', async () => {
    await database.prisma.membership.updateMany({ where: owner, data: { monthlyBudgetMicro: 5n } });
    const answer = await checkAIAccess({ ...owner, capability: 'implement', quality: 'fast' });
    expect(answer).toMatchObject({ allowed: false, denial: { code: 'budget_exceeded' }, budgetLeft: 5n });
    // Neither a purchase nor the next month lifts a budget that is too small for the work itself.
    expect(answer.unlocks).toEqual([]);
    await expect(callModel(context(), ask())).rejects.toMatchObject({ code: 'budget_exceeded' });
    expect(fake.requests).toHaveLength(0);
  });

  it('estimates work of a quality of its own by that quality’s model', async () => {
    const team = await seedOrganization(database, { planId: 'team' });
    const ask = (quality: 'fast' | 'premium', own?: 'premium') =>
      checkAIAccess({
        ...team,
        capability: 'implement',
        quality,
        work: [{ role: 'implement', count: 2, ...(own ? { quality: own } : {}) }],
      });
    configure({ OPENROUTER_API_KEY: 'sk-or-3333', OPENAI_API_KEY: 'sk-instance-1111' });
    const [fast, premium, mixed] = [await ask('fast'), await ask('premium'), await ask('fast', 'premium')];
    expect(fast.modelLabel).not.toBe(premium.modelLabel);
    expect(premium.estimate?.p90).toBeGreaterThan(fast.estimate?.p90 ?? 0n);
    expect(mixed.estimate).toEqual(premium.estimate);
  });

  it('says until when to wait at a limit of requests, and which plan has more of them', async () => {
    const where = { planId_capabilityId: { planId: 'free', capabilityId: 'ask' } };
    await database.prisma.planCapability.update({ where, data: { requestsPerMinute: 1 } });
    try {
      await callModel(context(), ask());
      const at = Date.now();
      const answer = await checkAIAccess({ ...owner, capability: 'ask', quality: 'fast' });
      // A minute may have turned in between: then there is one again.
      if (answer.allowed) return;
      expect(answer.denial).toMatchObject({ code: 'rate_limited', retryAfterSeconds: expect.any(Number) });
      expect(answer.unlocks.map(({ kind }) => kind)).toEqual(['wait', 'upgrade']);
      // Pro has no more of them than free.
      expect(answer.unlocks[1]).toMatchObject({ planId: 'team' });
      const [wait] = answer.unlocks;
      const until = wait?.kind === 'wait' ? wait.until.getTime() : 0;
      expect(until).toBeGreaterThan(at);
      expect(until).toBeLessThan(at + 61_000);
    } finally {
      await database.prisma.planCapability.update({ where, data: { requestsPerMinute: 30 } });
    }
  });

  it('offers no purchase that would unlock nothing', async () => {
    // Premium is OpenRouter's and OpenAI's; with Google's key alone no model of it can be called on any plan.
    configure({ GOOGLE_API_KEY: 'google-2222' });
    await database.prisma.planQualityModel.deleteMany({
      where: { qualityId: 'premium', modelRowId: { startsWith: 'google:' } },
    });
    expect(await checkAIAccess({ ...owner, capability: 'ask', quality: 'premium' })).toMatchObject({
      denial: { code: 'quality_not_allowed' },
      estimate: null,
      unlocks: [],
    });
    configure({ OPENAI_API_KEY: 'sk-instance-1111' });
    // A plan that lists enhanced but has the capability switched off does not unlock it: the next one does.
    const where = { planId_capabilityId: { planId: 'pro', capabilityId: 'ask' } };
    await database.prisma.planCapability.update({ where, data: { enabled: false } });
    try {
      const answer = await checkAIAccess({ ...owner, capability: 'ask', quality: 'enhanced' });
      expect(answer.unlocks).toEqual([expect.objectContaining({ kind: 'upgrade', planId: 'team' })]);
    } finally {
      await database.prisma.planCapability.update({ where, data: { enabled: true } });
    }
  });

  it('counts what an upgrade gives a free team by what the team gets now: nothing', async () => {
    const team = await seedOrganization(database, { monthlyMicro: 0n });
    await database.prisma.organization.update({ where: { id: team.organizationId }, data: { kind: 'team' } });
    const { organizationId } = team;
    await database.prisma.organizationPlan.update({ where: { organizationId }, data: { allocationMicro: 0n } });
    const { estimate } = await checkAIAccess({ ...team, capability: 'ask', quality: 'fast' });
    // Between what an upgrade from the free plan's ten credits would add, 490, and pro's whole 500, each with a welcome of 25.
    const count = Number(520_000_000n / (estimate?.p90 ?? 1n));
    const answer = await checkAIAccess({ ...team, capability: 'ask', quality: 'fast', work: [{ role: 'ask', count }] });
    expect(answer.missing).toBeGreaterThan(515_000_000n);
    expect(answer.missing).toBeLessThan(525_000_000n);
    expect(answer.unlocks.find(({ kind }) => kind === 'upgrade')).toMatchObject({ planId: 'pro' });
  });

  it('adds up the work it is asked about', async () => {
    const one = await checkAIAccess({
      ...owner,
      capability: 'implement',
      quality: 'fast',
      work: [{ role: 'implement', count: 1 }],
    });
    const three = await checkAIAccess({
      ...owner,
      capability: 'implement',
      quality: 'fast',
      work: [{ role: 'implement', count: 3 }],
    });
    expect(three.estimate?.p90).toBe((one.estimate?.p90 ?? 0n) * 3n);
  });
});
