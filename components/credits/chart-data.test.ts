import { describe, expect, it } from 'vitest';
import { chargedPercent, dayBars, daysInWords, drawnCredits, largestRows, taskBars } from './chart-data';

const row = (name: string, used: bigint, absorbed = 0n) => ({ key: name, name, used, absorbed });

describe('what the charts draw', () => {
  it('draws the exact amount, also a millionth and a negative one', () => {
    expect(drawnCredits(1n)).toBe(0.000001);
    expect(drawnCredits(-2_500_000n)).toBe(-2.5);
    expect(drawnCredits(123_456_789n)).toBe(123.456789);
  });

  it('names days by their UTC date', () => {
    expect(dayBars([{ day: '2026-11-03', used: 1_500_000n, absorbed: 20_000n, calls: 2 }])).toEqual([
      { day: '3 Nov', used: 1.5, absorbed: 0.02 },
    ]);
  });

  it('shows the largest rows and adds up the rest, so that the bars hold every credit', () => {
    const rows = [row('a', 1n), row('b', 5n), row('zero', 0n), row('c', 3n, 2n), row('d', 4n, 1n), row('e', 2n, 7n)];
    const shown = largestRows(rows, 3);
    expect(shown.map(({ name }) => name)).toEqual(['b', 'd', '3 others']);
    expect(shown.at(-1)).toMatchObject({ used: 6n, absorbed: 9n });
    expect(shown.reduce((sum, { used }) => sum + used, 0n)).toBe(15n);
  });

  it('keeps every row when all of them fit', () => {
    expect(largestRows([row('a', 1n), row('b', 2n)], 2).map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('puts the newest tasks in the order of time', () => {
    const task = (key: string, projectId = 'p') => ({
      projectId,
      project: projectId === 'p' ? 'Tides' : '',
      key,
      title: key,
      quotedP50: 1n,
      quotedP90: 2_000_000n,
      charged: 1_000_000n,
      absorbed: 0n,
    });
    expect(taskBars([task('T3'), task('T2'), task('T1')], 2)).toEqual([
      { name: 'T2', quoted: 2, charged: 1 },
      { name: 'T3', quoted: 2, charged: 1 },
    ]);
    // The same key in two projects: each bar says whose it is.
    expect(taskBars([task('T1', 'q'), task('T1')]).map(({ name }) => name)).toEqual(['T1 · Tides', 'T1 · Project']);
  });

  it('says the day chart in a sentence', () => {
    const days = [
      { day: '2026-11-19', used: 0n, absorbed: 0n, calls: 0 },
      { day: '2026-11-20', used: 250_000n, absorbed: 0n, calls: 1 },
      { day: '2026-11-21', used: 1_000_000n, absorbed: 0n, calls: 3 },
    ];
    expect(daysInWords(days, 'used')).toBe('1.25 credits on 2 of 3 days, most on 21 Nov: 1.00.');
    expect(daysInWords(days, 'absorbed')).toBe('Nothing in 3 days.');
  });

  it('compares charges with quotes, and says nothing without a quote', () => {
    expect(chargedPercent({ used: 0n, absorbed: 0n, quotedP90: 300n, charged: 100n })).toBe(33);
    expect(chargedPercent({ used: 0n, absorbed: 0n, quotedP90: 0n, charged: 0n })).toBeNull();
  });
});
