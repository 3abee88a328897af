import { describe, expect, it } from 'vitest';
import { buildRepoMap } from './repo-map';

const files = new Map([
  ['src/server.ts', "import { parseRequest } from './parse';\nexport function startServer() { parseRequest(); }\n"],
  ['src/parse.ts', "import { readBytes } from './bytes';\nexport function parseRequest() { return readBytes(); }\n"],
  ['src/bytes.ts', 'export function readBytes(): number { return 1; }\n'],
  ['src/colors.ts', 'export function mixColors(a: string, b: string): string { return a + b; }\n'],
  ['src/aaa.ts', 'export const unrelatedThing = 1;\n'],
]);

function order(map: string): string[] {
  return map.split('\n').filter((line) => line.startsWith('src/'));
}

describe('buildRepoMap', () => {
  it('puts the task file and what it leads to before the rest', async () => {
    const map = await buildRepoMap({
      files,
      focus: ['src/server.ts'],
      budgetTokens: 1_000,
    });
    expect(order(map).slice(0, 3).sort()).toEqual(['src/bytes.ts', 'src/parse.ts', 'src/server.ts']);
    expect(map).toContain('  export function readBytes(): number');
    expect(map).not.toContain('return');
  });

  it('follows a name that the task mentions', async () => {
    const map = await buildRepoMap({
      files,
      focus: [],
      mentioned: ['mixColors'],
      budgetTokens: 1_000,
    });
    expect(order(map)[0]).toBe('src/colors.ts');
  });

  it('keeps to the budget, says what is left out, and is the same whatever the order of the files', async () => {
    for (const budgetTokens of [8, 20, 40, 80]) {
      const map = await buildRepoMap({
        files,
        focus: ['src/server.ts'],
        budgetTokens,
      });
      expect(map.length).toBeLessThanOrEqual(budgetTokens * 4);
      const reversed = new Map([...files].reverse());
      expect(
        await buildRepoMap({
          files: reversed,
          focus: ['src/server.ts'],
          budgetTokens,
        }),
      ).toBe(map);
    }
    expect(await buildRepoMap({ files, focus: ['src/server.ts'], budgetTokens: 20 })).toMatch(/\(\d more files\)$/);
  });
});
