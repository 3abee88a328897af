import { describe, expect, it } from 'vitest';
import { formatBytes, formatDateTime, formatDuration, formatRelative, percentOf, plural } from './format';

const present = new Date('2026-11-21T12:00:00Z');

describe('how numbers and times are written', () => {
  it('writes ages in the coarsest useful unit and dates beyond a month', () => {
    expect(formatRelative(new Date('2026-11-21T11:59:40Z'), present)).toBe('just now');
    expect(formatRelative(new Date('2026-11-21T11:55:00Z'), present)).toBe('5 min ago');
    expect(formatRelative(new Date('2026-11-21T09:00:00Z'), present)).toBe('3 h ago');
    expect(formatRelative(new Date('2026-11-20T12:00:00Z'), present)).toBe('yesterday');
    expect(formatRelative(new Date('2026-11-11T12:00:00Z'), present)).toBe('10 days ago');
    expect(formatRelative(new Date('2026-01-05T12:00:00Z'), present)).toBe('5 Jan 2026');
  });

  it('writes times in UTC whatever the machine is set to', () => {
    expect(formatDateTime(new Date('2026-03-01T04:05:00Z'))).toBe('1 Mar 2026, 04:05');
  });

  it('never rolls a minute into sixty seconds', () => {
    expect(formatDuration(250)).toBe('250 ms');
    expect(formatDuration(2500)).toBe('2.5 s');
    expect(formatDuration(119_700)).toBe('2 min 0 s');
    expect(formatDuration(-5)).toBe('0 s');
  });

  it('writes bytes in powers of ten', () => {
    expect(formatBytes(999)).toBe('999 B');
    expect(formatBytes(1400)).toBe('1.4 kB');
    expect(formatBytes(2_000_000)).toBe('2.0 MB');
  });

  it('compares amounts beyond the safe integers of a Number and never divides by nothing', () => {
    expect(percentOf(5n, 0n)).toBe(0);
    expect(percentOf(9_007_199_254_740_993_000n, 18_014_398_509_481_986_000n)).toBe(50);
    expect(percentOf(900n, 1n)).toBe(1000);
  });

  it('counts one thing in the singular', () => {
    expect(plural(1, 'task')).toBe('1 task');
    expect(plural(0, 'task')).toBe('0 tasks');
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
  });
});
