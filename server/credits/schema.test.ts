import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactCredits, formatCredits, formatQuote, parseCredits } from './schema';

describe('amounts as they are shown', () => {
  it('never look like nothing while they are something', () => {
    expect([0n, 1n, 4_999n, 9_999n, 10_000n, -1n, -9_999n, -10_000n].map(formatCredits)).toEqual([
      '0.00',
      '<0.01',
      '<0.01',
      '<0.01',
      '0.01',
      '-<0.01',
      '-<0.01',
      '-0.01',
    ]);
  });

  it('are given exactly on a receipt, with two to six decimals', () => {
    expect([0n, 1n, 4_213n, 10_000n, 1_500_000n, -1_234_567n, 1_234_000_000n].map(exactCredits)).toEqual([
      '0.00',
      '0.000001',
      '0.004213',
      '0.01',
      '1.50',
      '-1.234567',
      '1234.00',
    ]);
  });

  it('come back unchanged from a field that was filled with the exact amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1_000_000_000_000n }), (micro) => {
        expect(parseCredits(exactCredits(micro))).toBe(micro);
      }),
    );
  });

  it('make one figure of a quote whose two ends look the same', () => {
    expect(formatQuote(1_000n, 2_000n)).toBe('<0.01');
    expect(formatQuote(5_000n, 20_000n)).toBe('<0.01–0.02');
    expect(formatQuote(1_000_000n, 2_000_000n)).toBe('1.00–2.00');
  });
});
