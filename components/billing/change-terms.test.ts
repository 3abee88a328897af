import { describe, expect, it } from 'vitest';
import { changeTerms, limitsOf, type Overview, type PlanOffer, type Pricing, planFeatures } from './change-terms';

const CREDIT = 1_000_000n;
const end = new Date('2026-12-21T00:00:00Z');

const pricing: Pricing = {
  plans: [
    plan('free', 10n, 0, ['fast'], [30, 500]),
    plan('pro', 500n, 2900, ['fast', 'enhanced'], [30, 500]),
    plan('team', 2000n, 9900, ['fast', 'enhanced', 'premium'], [null, null]),
  ],
  packages: [],
  qualities: ['Fast', 'Enhanced', 'Premium'].map((name) => ({ id: name.toLowerCase(), name, multiplierPercent: 100 })),
  models: [],
  tariff: {
    creditValueUsd: '0.10',
    markup: '1.5',
    dollarMicro: 15n * CREDIT,
    rejectedAttemptsFree: true,
    ownKeyFeePercent: 0,
  },
};

function plan(
  id: string,
  credits: bigint,
  priceUsdCents: number,
  qualityIds: string[],
  [requestsPerMinute, requestsPerDay]: [number | null, number | null],
): Pricing['plans'][number] {
  const name = `${id.charAt(0).toUpperCase()}${id.slice(1)}`;
  return {
    id,
    name,
    monthlyMicro: credits * CREDIT,
    welcomeMicro: 25n * CREDIT,
    priceUsdCents,
    qualityIds,
    requestsPerMinute,
    requestsPerDay,
  };
}

function on(id: string, more: Partial<Overview> = {}): Overview {
  const { name, monthlyMicro, priceUsdCents } = known(id);
  return {
    plan: { id, name, monthlyMicro, priceUsdCents },
    status: 'active',
    graceUntil: null,
    period: { start: new Date('2026-11-21T00:00:00Z'), end },
    pending: null,
    usage: {
      usedMicro: 0n,
      allocationMicro: monthlyMicro,
      monthlyMicro,
      bonusMicro: 0n,
      heldMicro: 0n,
      owedMicro: 0n,
    },
    subscribed: priceUsdCents > 0,
    mock: false,
    portal: true,
    canChange: true,
    ...more,
  };
}

function known(id: string): Pricing['plans'][number] {
  const found = pricing.plans.find((row) => row.id === id);
  if (found === undefined) throw new Error(id);
  return found;
}

function offer(id: string, change: Partial<PlanOffer['change']>): PlanOffer {
  const { name, monthlyMicro, welcomeMicro, priceUsdCents } = known(id);
  return {
    id,
    name,
    monthlyMicro,
    welcomeMicro,
    priceUsdCents,
    current: false,
    pending: false,
    change: { kind: 'upgrade', at: null, creditsNowMicro: 0n, dueNowCents: 0, checkout: false, ...change },
  };
}

const said = (terms: { name: string; text: string }[]) =>
  Object.fromEntries(terms.map(({ name, text }) => [name, text]));

describe('what is said before a plan is changed', () => {
  it('a first subscription: after the payment, its whole price, and what it adds', () => {
    const { title, action, terms, lost } = changeTerms(
      offer('pro', { creditsNowMicro: 490n * CREDIT, dueNowCents: 2900, checkout: true }),
      { overview: on('free', { portal: false }), pricing, isTeam: false },
    );
    expect([title, action, lost]).toEqual(['Upgrade to Pro', 'Go to payment', []]);
    expect(said(terms)).toEqual({
      When: 'As soon as the payment is confirmed',
      'Credits now': '490.00 more in this period, then 500.00 a month',
      Welcome: '25.00 credits on top, the first time on this plan',
      'Due now': '29.00 USD, on the payment page',
      Then: '29.00 USD a month',
      'You get': 'Enhanced quality',
    });
  });

  it('a larger subscription: at once, the difference for the rest, and that a planned change is dropped', () => {
    const { action, terms } = changeTerms(offer('team', { creditsNowMicro: 1500n * CREDIT, dueNowCents: 3512 }), {
      overview: on('pro', { pending: { planId: 'free', planName: 'Free', from: end } }),
      pricing,
      isTeam: false,
    });
    expect(action).toBe('Upgrade to Team');
    expect(said(terms)).toMatchObject({
      When: 'At once',
      'Due now': 'About 35.12 USD: the difference for the rest of this period, from the payment method on file',
      'You get': 'Premium quality; No limit on requests',
      'Instead of': 'the change to Free on 21 Dec 2026, which is dropped',
    });
  });

  it('in mock mode: that no money moves', () => {
    const { terms } = changeTerms(offer('pro', {}), { overview: on('free', { mock: true }), pricing, isTeam: false });
    expect(said(terms)['Due now']).toBe('Nothing: local test payments, no money moves');
    expect(said(terms).Then).toBe('Nothing (29.00 USD a month outside of tests)');
  });

  it('a smaller plan: when, what stays until then, and what is lost', () => {
    const { title, action, terms, lost } = changeTerms(offer('pro', { kind: 'downgrade', at: end }), {
      overview: on('team'),
      pricing,
      isTeam: false,
    });
    expect([title, action]).toEqual(['Change to Pro', 'Change on 21 Dec 2026']);
    expect(said(terms)).toMatchObject({
      When: 'On 21 Dec 2026. Until then you keep Team and its credits.',
      Credits: '500.00 a month from then on, instead of 2,000.00',
      'Due now': 'Nothing',
      Then: '29.00 USD a month',
    });
    expect(lost).toEqual([
      'monthly credits that are unused on 21 Dec 2026; they expire, as in every month',
      'Premium quality',
      'No limit on requests',
    ]);
  });

  it('no plan any more: it is called a cancellation, and a team learns that it gets no free credits', () => {
    const free = offer('free', { kind: 'downgrade', at: end });
    const { title, action, terms } = changeTerms(free, { overview: on('team'), pricing, isTeam: true });
    expect([title, action]).toEqual(['Cancel Team', 'Cancel on 21 Dec 2026']);
    expect(said(terms).Credits).toMatch(/^None a month from then on/);
    expect(said(terms).Then).toBe('Nothing');
    const alone = changeTerms(free, { overview: on('team'), pricing, isTeam: false });
    expect(said(alone.terms).Credits).toBe('10.00 a month from then on, instead of 2,000.00');
  });

  it('no plan any more although its payment failed: at once', () => {
    const free = offer('free', { kind: 'downgrade', at: null });
    const { action, terms, lost } = changeTerms(free, {
      overview: on('pro', { status: 'past_due' }),
      pricing,
      isTeam: false,
    });
    expect(action).toBe('Cancel now');
    expect(said(terms).When).toBe('At once, because the last payment failed. It is not tried again.');
    expect(lost[0]).toBe('monthly credits above those of the Free plan');
  });

  it('without the price list: everything but the qualities', () => {
    expect(planFeatures(undefined, 'pro')).toEqual([]);
    expect(changeTerms(offer('pro', {}), { overview: on('free'), pricing: undefined, isTeam: false }).lost).toEqual([]);
  });
});

it('limits are told as they are', () => {
  expect(limitsOf({ requestsPerMinute: 30, requestsPerDay: 500 })).toBe('30 requests a minute, 500 a day');
  expect(limitsOf({ requestsPerMinute: 30, requestsPerDay: null })).toBe('30 requests a minute');
  expect(limitsOf({ requestsPerMinute: null, requestsPerDay: 500 })).toBe('500 requests a day');
});
