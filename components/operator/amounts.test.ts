import { describe, expect, it } from 'vitest';
import {
  describeResult,
  isLargeChange,
  parseUsd,
  priceEffect,
  takeProblem,
  usdProblem,
  usdText,
  utcField,
  utcMoment,
} from './amounts';

describe('what an operator types', () => {
  it('is dollars in whole cents or nothing', () => {
    expect(['9.99', '39,9', '0', ' 129.99 ', '10000'].map(parseUsd)).toEqual([999, 3990, 0, 12_999, 1_000_000]);
    expect(['', '-1', '9.999', '10000.01', '1e3', '9.99 USD', '1,000'].map(parseUsd)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
    for (const cents of [0, 5, 50, 999, 12_999]) expect(parseUsd(usdText(cents))).toBe(cents);
  });

  it('is told what is wrong with dollars, at the limits of what is stored', () => {
    expect(['9.99', '10000', '10000.01', '250000', '9.999', 'ten'].map(usdProblem)).toEqual([
      undefined,
      undefined,
      'At most 10,000 dollars.',
      'At most 10,000 dollars.',
      'Write dollars such as 29 or 29.00.',
      'Write dollars such as 29 or 29.00.',
    ]);
  });

  it('is a moment in UTC, whatever the machine is set to', () => {
    expect(utcMoment('2026-12-01T08:30')).toBe('2026-12-01T08:30:00.000Z');
    expect(utcField(new Date('2026-12-01T08:30:59Z'))).toBe('2026-12-01T08:30');
    expect(['', 'tomorrow', '2026-13-01T00:00', '2026-12-01'].map(utcMoment)).toEqual([null, null, null, null]);
  });
});

it('a job’s result is told in a line', () => {
  expect(describeResult({ due: 3, graceEnded: 2 })).toBe('due 3, grace ended 2');
  expect(describeResult(null)).toBe('');
});

it('a price that slipped by a decimal place is noticed, an ordinary correction is not', () => {
  expect(isLargeChange(100n, 300n)).toBe(false);
  expect(isLargeChange(300n, 100n)).toBe(false);
  expect(isLargeChange(0n, 0n)).toBe(false);
  expect(isLargeChange(125n, 1250n)).toBe(true);
  expect(isLargeChange(1250n, 125n)).toBe(true);
  expect(isLargeChange(0n, 1n)).toBe(true);
});

it('an operator cannot take more bonus credits than there are', () => {
  expect(takeProblem(5_000_000n, 5_000_000n)).toBeNull();
  expect(takeProblem(5_000_000n, 5_000_001n)).toContain('At most 5.00');
  expect(takeProblem(0n, 1n)).toContain('no bonus credits');
});

it('a price that begins in the past changes what comes, and says that what was charged stays', () => {
  const [before, present, later] = [new Date(1000), new Date(2000), new Date(3000)];
  expect(priceEffect(before, null, present)).toMatch(/from now on\. What was charged before stays/);
  expect(priceEffect(null, later, present)).toContain('from now on');
  expect(priceEffect(later, null, present)).toContain('from then on');
  expect(priceEffect(new Date(500), before, present)).toContain('Nothing from now on');
});
