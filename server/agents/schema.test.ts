import { describe, expect, it } from 'vitest';
import { plannedFileSchema } from './schema';

describe('a planned file', () => {
  it.each([
    'src/app\u202egpj.ts',
    'src/a\u200bpp.ts',
    'src/a\u00a0b.ts',
    '\u2066src/app.ts',
    'a\u3164.ts',
    'a\ufffc.ts',
  ])('has a path of which every character can be seen: %j', (path) => {
    expect(plannedFileSchema.safeParse({ path, action: 'create' }).success).toBe(false);
  });

  it.each(['src/app.ts', 'docs/Übersicht 1.md', 'données/été.csv', '日本/読む.md'])(
    'may be written in any language: %s',
    (path) => {
      expect(plannedFileSchema.safeParse({ path, action: 'create' }).success).toBe(true);
    },
  );
});
