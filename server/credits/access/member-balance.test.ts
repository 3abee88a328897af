import { expect, it } from 'vitest';
import { withBudget } from './member-balance';

const balance = {
  monthly: 90_000_000n,
  bonus: 20_000_000n,
  held: 10_000_000n,
  available: 100_000_000n,
  owed: 0n,
  periodStart: new Date(0),
  periodEnd: new Date(1),
  plan: { id: 'team', name: 'Team', monthlyMicro: 90_000_000n },
  low: false,
};

it('a member can spend no more than their budget leaves, however much the team has', () => {
  expect(withBudget(balance, { budget: 20_000_000n, left: 15_000_000n })).toMatchObject({
    spendable: 15_000_000n,
    shared: 100_000_000n,
    budget: { limit: 20_000_000n, left: 15_000_000n },
    low: false,
  });
  expect(withBudget(balance, { budget: 20_000_000n, left: 0n })).toMatchObject({ spendable: 0n, low: true });
});

it('a budget above what the team has gives no more than that, and without one the team decides', () => {
  expect(withBudget(balance, { budget: 900_000_000n, left: 900_000_000n }).spendable).toBe(100_000_000n);
  expect(withBudget(balance, null)).toMatchObject({ spendable: 100_000_000n, budget: null });
  expect(withBudget({ ...balance, available: -1n }, null).spendable).toBe(0n);
});

it('the balance that is shown is the settled one: a hold takes nothing off it and stands beside it', () => {
  const before = withBudget({ ...balance, held: 0n, available: 110_000_000n }, null);
  const during = withBudget(balance, null);
  expect([before.settled, during.settled, during.held]).toEqual([110_000_000n, 110_000_000n, 10_000_000n]);
  expect(withBudget(balance, { budget: 20_000_000n, left: 15_000_000n }).settled).toBe(15_000_000n);
  expect(withBudget({ ...balance, monthly: -5n, bonus: 0n }, null).settled).toBe(0n);
});
