import { describe, expect, it } from 'vitest';
import { exportHref, isFiltered, readHistoryFilter, writeHistoryFilter } from './history-filter';

describe('the history filter in the address', () => {
  it('comes back as it was written', () => {
    const filter = {
      kind: 'usage' as const,
      projectId: 'p-1',
      model: 'openrouter:anthropic/claude-sonnet-4.5',
      from: '2026-11-01',
      to: '2026-11-21',
    };
    const query = writeHistoryFilter(filter);
    expect(readHistoryFilter(new URLSearchParams(query))).toEqual(filter);
    expect(query).toContain('model=openrouter%3Aanthropic%2Fclaude-sonnet-4.5');
  });

  it('leaves out what is not valid and keeps the rest', () => {
    const read = readHistoryFilter(
      new URLSearchParams('kind=everything&from=2026-13-40&to=2026-11-21&projectId=&x=1&model='),
    );
    expect(writeHistoryFilter(read)).toBe('to=2026-11-21');
  });

  it('is nothing for an address without one', () => {
    const read = readHistoryFilter(new URLSearchParams(''));
    expect(isFiltered(read)).toBe(false);
    expect(exportHref(read, 'o1')).toBe('/api/credits/export?organization=o1');
    expect(exportHref({ kind: 'expiry' }, 'o1')).toBe('/api/credits/export?organization=o1&kind=expiry');
  });
});
