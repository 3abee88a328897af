import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelay } from '@/server/models/gateway/stream-answer';
import { parseRetryAfter } from '@/server/models/providers/provider-fault';
import { costOf, creditsFor, estimateTokens, outputTokensCovered, parseDecimal } from './pricing';

const tokens = fc.integer({ min: 0, max: 50_000_000 });
const perMillion = fc.bigInt({ min: 0n, max: 1_000_000_000_000n });
const price = fc.record({ inputPerMillion: perMillion, outputPerMillion: perMillion, cachedPerMillion: perMillion });
const usage = fc.record({ input: tokens, cached: tokens, output: tokens });
const decimal = fc
  .tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 9999 }))
  .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(4, '0')}`);
const tariff = fc.record({ creditValueUsd: decimal, markup: decimal });
const DEFAULT = { creditValueUsd: '0.10', markup: '1.5' };

describe('cost', () => {
  const at = { inputPerMillion: 3_000_000_001n, outputPerMillion: 15_000_000_000n, cachedPerMillion: 300_000_000n };

  it.each<[string, Parameters<typeof costOf>[0], bigint]>([
    ['nothing', { input: 0, cached: 0, output: 0 }, 0n],
    ['one token in, rounded up by the billionth part', { input: 1, cached: 0, output: 0 }, 3001n],
    ['a million tokens in, exactly', { input: 1_000_000, cached: 0, output: 0 }, 3_000_000_001n],
    ['a million and one', { input: 1_000_001, cached: 0, output: 0 }, 3_000_003_002n],
    ['the cached share at its own price', { input: 1000, cached: 400, output: 0 }, 600n * 3000n + 1n + 400n * 300n],
    ['output', { input: 0, cached: 0, output: 7 }, 105_000n],
    ['one rounding for the sum, not one a part', { input: 2, cached: 1, output: 1 }, 3001n + 300n + 15_000n],
  ])('of %s', (_, used, cost) => {
    expect(costOf(used, at)).toBe(cost);
  });

  it('counts reasoning tokens once, as part of the output that the provider reports', () => {
    const used = { input: 10, cached: 0, output: 100, reasoning: 80, estimated: false };
    expect(costOf(used, at)).toBe(costOf({ input: 10, cached: 0, output: 100 }, at));
  });

  it('of images is a whole price each, in and out apart, on top of the tokens', () => {
    const images = { ...at, imageInPerUnit: 1_234_567n, imageOutPerUnit: 40_000_000n };
    expect(costOf({ input: 1, cached: 0, output: 0, imagesIn: 2, imagesOut: 3 }, images)).toBe(
      3001n + 2_469_134n + 120_000_000n,
    );
    expect(costOf({ input: 1, cached: 0, output: 0 }, images)).toBe(3001n);
    expect(costOf({ input: 1, cached: 0, output: 0, imagesIn: 2, imagesOut: 3 }, at)).toBe(3001n);
  });

  it('is the exact sum rounded up: never below it, and less than one nano-dollar above', () => {
    fc.assert(
      fc.property(usage, price, (used, at) => {
        const cached = BigInt(Math.min(used.cached, used.input));
        const exact =
          (BigInt(used.input) - cached) * at.inputPerMillion +
          cached * at.cachedPerMillion +
          BigInt(used.output) * at.outputPerMillion;
        const over = costOf(used, at) * 1_000_000n - exact;
        expect(over >= 0n && over < 1_000_000n).toBe(true);
      }),
    );
  });

  it('never falls when more tokens are used', () => {
    fc.assert(
      fc.property(usage, price, tokens, (used, at, more) => {
        expect(costOf({ ...used, output: used.output + more }, at) >= costOf(used, at)).toBe(true);
        expect(costOf({ ...used, input: used.input + more }, at) >= costOf({ ...used, cached: 0, input: 0 }, at)).toBe(
          true,
        );
      }),
    );
  });

  it('takes no more cached tokens than there is input', () => {
    const at = { inputPerMillion: 2_000_000n, outputPerMillion: 0n, cachedPerMillion: 1_000_000n };
    expect(costOf({ input: 10, cached: 99, output: 0 }, at)).toBe(10n);
  });
});

describe('credits', () => {
  it.each([
    [0n, 1n],
    [1n, 1n],
    [66n, 1n],
    [67n, 2n],
    [133n, 2n],
    [134n, 3n],
    [200n, 3n],
    [201n, 4n],
  ])('of %d nano-dollars are %d micro-credits at the default tariff: rounded up, at least one', (cost, micro) => {
    expect(creditsFor(cost, DEFAULT)).toBe(micro);
  });

  it('one dollar of cost is fifteen credits at the default tariff', () => {
    expect(creditsFor(1_000_000_000n, DEFAULT)).toBe(15_000_000n);
  });

  it('cover the cost times the markup, by less than one micro-credit too much', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), tariff, (cost, by) => {
        const value = parseDecimal(by.creditValueUsd);
        const factor = parseDecimal(by.markup);
        const owed = cost * value.denominator * factor.numerator;
        const unit = 1000n * value.numerator * factor.denominator;
        const charged = creditsFor(cost, by);
        expect(charged >= 1n).toBe(true);
        expect(charged * unit >= owed).toBe(true);
        // Below one micro-credit the minimum applies, not the rounding.
        if (charged > 1n) expect((charged - 1n) * unit < owed).toBe(true);
      }),
    );
  });

  it('stay exact where a double would not', () => {
    expect(creditsFor(9_007_199_254_740_993_000n, { creditValueUsd: '0.001', markup: '1' })).toBe(
      9_007_199_254_740_993_000n,
    );
  });

  it('cannot be sold at nothing', () => {
    expect(() => creditsFor(1n, { creditValueUsd: '0.00', markup: '1.5' })).toThrow(RangeError);
  });
});

describe('output tokens a hold covers', () => {
  it('is the most that fits: it costs no more than the hold, and one token more would', () => {
    const hold = fc.bigInt({ min: 1n, max: 10n ** 12n });
    fc.assert(
      fc.property(hold, fc.integer({ min: 0, max: 200_000 }), price, tariff, (held, input, at, by) => {
        const atMost = 100_000;
        const credits = (output: number) => creditsFor(costOf({ input, cached: 0, output }, at), by);
        const covered = outputTokensCovered(held, input, at, by, atMost);
        expect(covered).toBeGreaterThanOrEqual(0);
        expect(covered).toBeLessThanOrEqual(atMost);
        if (covered > 0) expect(credits(covered) <= held).toBe(true);
        if (covered < atMost) expect(credits(covered + 1) > held).toBe(true);
      }),
    );
  });
});

describe('estimated tokens', () => {
  it('are none for nothing, a quarter of ASCII rounded up, and one for every other character', () => {
    expect(['', 'abc', 'abcde', 'äöü', 'abcdé'].map((text) => estimateTokens(text))).toEqual([0, 1, 2, 3, 2]);
  });
});

describe('Retry-After', () => {
  it('is seconds or an HTTP date, and nothing else', () => {
    expect(parseRetryAfter('3')).toBe(3000);
    const soon = parseRetryAfter(new Date(Date.now() + 5000).toUTCString());
    // An HTTP date has whole seconds.
    expect(soon).toBeGreaterThan(3000);
    expect(soon).toBeLessThanOrEqual(5000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
    expect(parseRetryAfter('soon')).toBeNull();
  });

  it('without it a network fault waits twice as long each time, with at most a quarter of jitter, and is bounded', () => {
    const fault = new TypeError('fetch failed');
    expect([0, 1, 2].map((attempt) => retryDelay(fault, attempt, () => 0))).toEqual([500, 1000, 2000]);
    expect(retryDelay(fault, 0, () => 1)).toBe(625);
    expect(retryDelay(fault, 30, () => 0)).toBe(60_000);
    expect(retryDelay(new Error('a mistake of ours'), 0)).toBeNull();
  });
});
