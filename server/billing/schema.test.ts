import { expect, it } from 'vitest';
import { centsPerCredit } from './plans/list-offers';
import { formatUsd, isLocalPath } from './schema';

it.each(['/', '/credits', '/projects/a1/run?tab=2#top', '/checkout/success?returnTo=%2F%2Fevil.example'])(
  '%s is a path in this application',
  (path) => {
    expect(isLocalPath(path)).toBe(true);
  },
);

it.each([
  '',
  'credits',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '/\n',
  'https://evil.example/',
  'javascript:alert(1)',
])('%j is none', (path) => {
  expect(isLocalPath(path)).toBe(false);
});

it('writes whole cents as dollars', () => {
  expect([0, 5, 999, 12_999, -150].map(formatUsd)).toEqual([
    '0.00 USD',
    '0.05 USD',
    '9.99 USD',
    '129.99 USD',
    '-1.50 USD',
  ]);
});

it('says what one credit costs', () => {
  expect([
    centsPerCredit(999, 100_000_000n),
    centsPerCredit(3999, 500_000_000n),
    centsPerCredit(12_999, 2_000_000_000n),
  ]).toEqual(['9.99', '8.00', '6.50']);
});
