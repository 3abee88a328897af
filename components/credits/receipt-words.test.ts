import { describe, expect, it } from 'vitest';
import { formatNanoUsd, formula, formulaInWords, sixDecimals, tokensInWords } from './receipt-words';

const call = {
  id: 'c',
  role: 'implement',
  quality: 'fast',
  modelRef: 'openai:m',
  modelLabel: 'M',
  ownKey: false,
  keyIdentifier: '1a2b',
  promptVersion: '1',
  inputTokens: 12_345,
  cachedTokens: 0,
  outputTokens: 67,
  reasoningTokens: 0,
  effort: 'low',
  usageEstimated: false,
  costNano: 123_000n,
  firstTokenMs: 1,
  latencyMs: 2,
  httpRetries: 0,
  finishReason: 'stop',
  status: 'succeeded',
  createdAt: new Date(0),
};
const entry = {
  id: 'e',
  kind: 'usage' as const,
  amount: -1845n,
  monthlyDelta: -1845n,
  bonusDelta: 0n,
  balanceAfter: 0n,
  estimated: null,
  actual: 1845n,
  variance: null,
  absorbed: 0n,
  note: null,
  createdAt: new Date(0),
  idempotencyKey: 'k',
};
const tariff = { creditValueUsd: '0.10', markup: '1.5' };

describe('the words of a receipt', () => {
  it('writes every digit of a cost that counts, and at least two', () => {
    expect(formatNanoUsd(123_000n)).toBe('0.000123 USD');
    expect(formatNanoUsd(1n)).toBe('0.000000001 USD');
    expect(formatNanoUsd(2_000_000_000n)).toBe('2.00 USD');
    expect(formatNanoUsd(2_500_000_000n)).toBe('2.50 USD');
  });

  it('writes all six decimals of an amount', () => {
    expect(sixDecimals(-1845n)).toBe('-0.001845');
    expect(sixDecimals(12_000_000n)).toBe('12.000000');
    expect(sixDecimals(-1_204_345_678_000_001n)).toBe('-1,204,345,678.000001');
  });

  it('says the formula with the tariff of its day', () => {
    expect(formula({ call, tariff, entry })).toBe('0.000123 USD ÷ 0.10 USD × 1.5 = 0.001845 credits');
    expect(formulaInWords({ call, tariff })).toContain('Divided by 0.10 USD');
  });

  it('does not invent a tariff that was not recorded, nor a price for an own key', () => {
    expect(formula({ call, tariff: null, entry })).toBeNull();
    expect(formulaInWords({ call, tariff: null })).not.toMatch(/0\.10/);
    expect(formula({ call: { ...call, ownKey: true }, tariff, entry })).toBeNull();
    expect(formulaInWords({ call: { ...call, ownKey: true }, tariff })).toContain('own key');
  });

  it('says what was read and written', () => {
    expect(tokensInWords(call)).toBe('12,345 tokens read, 67 written');
    expect(tokensInWords({ ...call, cachedTokens: 1200, reasoningTokens: 9, usageEstimated: true })).toBe(
      '12,345 tokens read, 1,200 of them from the cache, 67 written (9 of them reasoning, at low effort), estimated',
    );
  });
});
