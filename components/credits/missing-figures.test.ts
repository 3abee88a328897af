import { expect, it } from 'vitest';
import { formatCredits } from '@/server/credits/schema';
import { missingFigures } from './missing-figures';

const of = (required: bigint, available: bigint) =>
  missingFigures({ required, available, missing: required - available });

it('the amounts of a card add up as they are shown', () => {
  // 58.446 - 19.994 = 38.452: each rounded by itself, 58.45 less 19.99 would be 38.45.
  const { required, available, missing, exact } = of(58_446_000n, 19_994_000n);
  expect([required, available, missing].map(formatCredits)).toEqual(['58.45', '19.99', '38.46']);
  expect(exact).toBe(false);
  expect(formatCredits(of(58_454_000n, 19_986_000n).missing)).toBe('38.46');
  expect(formatCredits(of(5_000_000n, -1_004_000n).missing)).toBe('6.00');
});

it('where two decimals hide what is missing, every digit is shown and nothing is rounded', () => {
  expect(of(20_001_000n, 20_000_000n)).toMatchObject({ missing: 1000n, exact: true });
  expect(of(20_004_000n, 19_996_000n)).toMatchObject({ missing: 8000n, exact: true });
  expect(of(5_000_000n, 300n)).toMatchObject({ missing: 4_999_700n, exact: true });
});

it('what does not come from the two amounts above it stays as it is', () => {
  expect(missingFigures({ required: 3_004_000n, available: 9_000_000n, missing: 1_004_000n }).missing).toBe(1_004_000n);
});
