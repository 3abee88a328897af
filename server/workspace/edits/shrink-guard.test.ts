import { describe, expect, it } from 'vitest';
import { growth, PROPORTIONAL } from '@/test/growth';
import { guardShrinkage } from './shrink-guard';

const guard = (before: Record<string, string>, changes: Record<string, string | null>) =>
  guardShrinkage({
    before: new Map(Object.entries(before)),
    changes: new Map(Object.entries(changes)),
    allowed: new Set(),
  });

/** Texts that make backtracking expressions try every split; `n` is the number of repetitions. */
const HOSTILE: [name: string, text: (n: number) => string][] = [
  ['placeholders with spaces', (n) => `// rest of the code${' '.repeat(250)}x\n`.repeat(n)],
  ['comments of spaces', (n) => `//${' '.repeat(280)}the the x\n`.repeat(n)],
  ['spaces after function', (n) => `export function${' '.repeat(270 * n)}!`],
  ['spaces after import', (n) => `import${' '.repeat(270 * n)}!`],
  ['import words', (n) => 'import import '.repeat(20 * n)],
  ['open import braces', (n) => 'import { a, '.repeat(25 * n)],
  ['open export braces', (n) => 'export {\n'.repeat(30 * n)],
  ['one long word', (n) => `import * as a from './a';\n${'a'.repeat(270 * n)}`],
  ['namespaces', (n) => `import * as b from './a';\nb.a;\n`.repeat(10 * n)],
  [
    'one namespace used often',
    (n) =>
      `${"import * as a from './a';\n".repeat(5 * n)}${Array.from({ length: 20 * n }, (_, i) => `a.b${i};`).join('')}`,
  ],
  ['export words', (n) => 'export '.repeat(40 * n)],
  ['empty lines', (n) => '\n'.repeat(270 * n)],
  ['requires', (n) => 'const { a = '.repeat(25 * n)],
  ['python imports', (n) => 'from a import (\n'.repeat(18 * n)],
  ['python spaces', (n) => `from a import${' '.repeat(270 * n)}(`],
];

function work(text: string): void {
  const before = { 'a.ts': `export const gone = 1;\n${text}`, 'a.py': `gone = 1\n${text}`, 'b.ts': text, 'b.py': text };
  guard(before, { 'a.ts': text, 'a.py': text });
}

describe('the shrink guard', () => {
  it.each(HOSTILE)(
    'takes time in proportion to the text: %s',
    (_name, text) => expect(growth(200, (n) => work(text(n)))).toBeLessThan(PROPORTIONAL),
    60_000,
  );

  it.each(['// ...', '  # …', '/* ... */', '<!-- ... -->'])(
    'refuses dots in place of lines of a file that exists: %s',
    (dots) => {
      const code = (line: string) => `one();\n${line}\nthree();\n`;
      expect(guard({ 'a.ts': code('two();') }, { 'a.ts': code(dots) })).toMatchObject([{ code: 'placeholder' }]);
      expect(guard({ 'a.ts': code(dots) }, { 'a.ts': `${code(dots)}four();\n` })).toEqual([]);
      expect(guard({}, { 'a.ts': code(dots) })).toEqual([]);
    },
  );

  it('names a lost export once for each importer, however many names there are', () => {
    const names = Array.from({ length: 50 }, (_, i) => `name${i}`);
    const before = {
      'src/a.ts': names.map((name) => `export const ${name} = 1;`).join('\n'),
      'src/b.ts': `import { ${names.join(', ')} } from './a';`,
      'src/c.ts': "import * as a from '@/src/a';\na.name1; a.name2;",
      'src/d.ts': "import a from './other';",
    };
    const refusals = guard(before, { 'src/a.ts': 'export const other = 1;\n'.repeat(50) });
    expect(refusals.map(({ code }) => code)).toEqual(['lost_exports', 'lost_exports']);
    expect(refusals.map(({ message }) => /which (\S+) imports/.exec(message)?.[1])).toEqual(['src/b.ts', 'src/c.ts']);
  });

  it.each([
    [
      'a.js',
      'module.exports = { gone: { x: 1 }, stays };',
      'module.exports = { stays };',
      "const { gone } = require('./a');",
    ],
    ['a.ts', 'export   default   async\nfunction  gone() {}', 'export const x = 1;', "import  gone  from './a';"],
    ['a.ts', 'export function * gone() {}', 'export const x = 1;', "import {\n  gone,\n} from './a';"],
    ['a.ts', 'export type { gone } from "c";', 'export const x = 1;', "import type { gone as b } from './a.js';"],
    ['a.ts', 'export const gone = 1;', 'export const x = 1;', "import b, * as a from './a';\na.gone();"],
    ['a.ts', 'export const gone = 1;', 'export const x = 1;', "export { gone as b } from './a';"],
  ])('sees what %s loses, however it is written: %j', (path, old, now, importer) => {
    expect(guard({ [path]: old, 'b.ts': importer }, { [path]: now })).toMatchObject([{ code: 'lost_exports', path }]);
  });

  it('says nothing against an export that nobody imports', () => {
    const before = {
      'a.ts': 'export const gone = 1;',
      'b.ts': "import { gone } from './c';\nimport x from './a/gone';",
    };
    expect(guard(before, { 'a.ts': 'export const x = 1;' })).toEqual([]);
  });
});
