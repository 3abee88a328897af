import { expect, it } from 'vitest';
import { creditsFor } from '@/server/models/pricing';
import { tokensForACredit } from './view-pricing';

const tariff = { creditValueUsd: '0.10', markup: '1.5' };

it('one credit buys as many tokens as cost it, and not one more', () => {
  // 10 USD a million output tokens, 0.0666… USD of true cost for a credit.
  expect(tokensForACredit(10_000_000_000n, tariff)).toBe(6666);
  expect(tokensForACredit(250_000_000n, tariff)).toBe(266_666);
  for (const perMillion of [20_000_000n, 250_000_000n, 10_000_000_000n, 120_000_000_000n]) {
    const tokens = BigInt(tokensForACredit(perMillion, tariff) ?? 0);
    const cost = (count: bigint) => (count * perMillion) / 1_000_000n;
    expect(creditsFor(cost(tokens), tariff)).toBeLessThanOrEqual(1_000_000n);
    expect(creditsFor(cost(tokens + 1n), tariff)).toBeGreaterThan(1_000_000n);
  }
});

it('follows another tariff, and says nothing of what is free', () => {
  expect(tokensForACredit(10_000_000_000n, { creditValueUsd: '0.2', markup: '1' })).toBe(20_000);
  expect(tokensForACredit(0n, tariff)).toBeNull();
});
