import { TRPCClientError } from '@trpc/client';
import { describe, expect, it } from 'vitest';
import { refusalOf, refusalOfLevel, type Unlock, upgradeHref, usefulUnlocks, waitInWords } from './access-refusal';

/** What the client makes of the server's answer. */
function failure(appCode: string | null, details: Record<string, unknown> | null) {
  return TRPCClientError.from({
    error: { message: 'No.', code: -32_000, data: { code: 'FORBIDDEN', httpStatus: 402, appCode, details } },
  });
}

const WAYS: Unlock[] = [
  { kind: 'wait', until: new Date('2026-12-01T00:00:00Z'), priceUsdCents: 0 },
  { kind: 'topup', packageId: 'starter', name: 'Starter', quantity: 1, creditsMicro: 100_000_000n, priceUsdCents: 999 },
  { kind: 'upgrade', planId: 'pro', name: 'Pro', monthlyMicro: 500_000_000n, priceUsdCents: 2900 },
];

describe('a refusal', () => {
  it('says what is missing, from the amounts of the error', () => {
    const refusal = refusalOf(
      failure('insufficient_credits', {
        required: '250000',
        available: '-50000',
        resetsAt: '2026-12-01T00:00:00.000Z',
      }),
    );
    expect(refusal).toMatchObject({ code: 'insufficient_credits', message: 'No.', missing: 300_000n });
    expect(refusal?.resetsAt?.toISOString()).toBe('2026-12-01T00:00:00.000Z');
    expect(usefulUnlocks(refusal ?? never(), WAYS).map(({ kind }) => kind)).toEqual(['wait', 'topup', 'upgrade']);
  });

  it('leads out of a locked quality by an upgrade only', () => {
    const refusal = refusalOf(
      failure('quality_not_allowed', { quality: 'premium', planId: 'free', allowed: ['fast'] }),
    );
    expect(refusal).toMatchObject({ quality: 'premium', missing: null });
    expect(usefulUnlocks(refusal ?? never(), WAYS).map(({ kind }) => kind)).toEqual(['upgrade']);
  });

  it('tells the budget of a member from the one of a project, and sells nothing against either', () => {
    const own = refusalOf(failure('budget_exceeded', { scope: 'member', required: '2', available: '1' })) ?? never();
    const project = refusalOf(failure('budget_exceeded', { required: '2', available: '1' })) ?? never();
    expect([own.budget, project.budget]).toEqual(['member', 'project']);
    expect(usefulUnlocks(own, WAYS).map(({ kind }) => kind)).toEqual(['wait']);
    expect(usefulUnlocks(project, WAYS)).toEqual([]);
  });

  it('is no refusal when something else failed', () => {
    expect(refusalOf(failure('not_found', null))).toBeNull();
    expect(refusalOf(failure(null, null))).toBeNull();
    expect(refusalOf(new Error('insufficient_credits'))).toBeNull();
  });

  it('keeps its head when details are missing or malformed', () => {
    const refusal = refusalOf(failure('rate_limited', { retryAfterSeconds: '5', required: 1.5, resetsAt: 'soon' }));
    expect(refusal).toMatchObject({ retryAfterSeconds: null, required: null, missing: null, resetsAt: null });
  });

  it('is made of a level that the access check does not allow, unless no person could lift it', () => {
    const level = {
      quality: 'premium' as const,
      name: 'Premium',
      allowed: false,
      denial: { code: 'insufficient_credits' as const, message: 'There are not enough credits for it.' },
      models: [],
      modelLabel: null,
      effort: null,
      estimate: { p50: 5n, p90: 7n },
      required: 9n,
      missing: 4n,
      unlocks: WAYS,
    };
    const answer = {
      ...level,
      plan: { id: 'free', name: 'Free' },
      available: 5n,
      budgetLeft: null,
      resetsAt: new Date(0),
      requestsLeft: null,
      qualities: [level],
    };
    expect(refusalOfLevel(level, answer)).toMatchObject({ required: 9n, available: 5n, missing: 4n });
    const unkeyed = { ...level, denial: { code: 'model_not_available' as const, message: 'No key.' } };
    expect(refusalOfLevel(unkeyed, answer)).toBeNull();
  });
});

describe('the way out', () => {
  it('never says a time that is too short', () => {
    expect([1, 59, 90, 3599, 5400, 86_399].map(waitInWords)).toEqual([
      '1 second',
      '59 seconds',
      '2 minutes',
      '60 minutes',
      '2 hours',
      '24 hours',
    ]);
  });

  it('leads back to where it began, its own query included', () => {
    const href = upgradeHref('pro', '/projects/1/plan?open=T1&x=2');
    expect(new URL(href, 'http://x').searchParams.get('returnTo')).toBe('/projects/1/plan?open=T1&x=2');
  });
});

function never(): never {
  throw new Error('expected a refusal');
}
