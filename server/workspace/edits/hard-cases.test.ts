import { diffArrays } from 'diff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growth, PROPORTIONAL } from '@/test/growth';
import { applyEdits } from './apply-edits';
import { applySection } from './apply-section';
import { parseReply } from './parse-reply';
import { guardShrinkage } from './shrink-guard';

/** The reply a careful model would write to turn a into b: one section a change, with just enough context to be unique. */
function replyFor(path: string, a: string[], b: string[]): string {
  const sections: string[] = [];
  // Sections apply one after the other: context is counted in the text as it is by then, b above and a below.
  let current = [...a];
  let at = 0;
  const parts = diffArrays(a, b);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (part === undefined) continue;
    if (!part.added && !part.removed) {
      at += part.value.length;
      continue;
    }
    const next = parts[i + 1];
    const pair = next !== undefined && (next.added || next.removed) ? [part, next] : [part];
    i += pair.length - 1;
    const drop = pair.find(({ removed }) => removed)?.value.length ?? 0;
    const lines = pair.find(({ added }) => added)?.value ?? [];
    let low = at;
    let high = at + drop;
    while (places(current, current.slice(low, high)) !== 1 && (low > 0 || high < current.length)) {
      low = Math.max(0, low - 1);
      high = Math.min(current.length, high + 1);
    }
    sections.push(
      section(current.slice(low, high), [...current.slice(low, at), ...lines, ...current.slice(at + drop, high)]),
    );
    current = [...current.slice(0, at), ...lines, ...current.slice(at + drop)];
    at += lines.length;
  }
  return fence(path, sections.join('\n'));
}

function places(text: string[], wanted: string[]): number {
  if (wanted.every((line) => line.trim() === '')) return 0;
  return text.filter((_, i) => i + wanted.length <= text.length && wanted.every((line, j) => text[i + j] === line))
    .length;
}

const section = (search: string[], replace: string[]) =>
  ['<<<<<<<< SEARCH', ...search, '========', ...replace, '>>>>>>>> REPLACE'].join('\n');
const fence = (path: string, body: string) => `I change ${path} now.\n\n${path}\n\`\`\`\`\`\n${body}\n\`\`\`\`\`\n`;

const line = fc.oneof(
  fc.constantFrom('', '}', '  }', '=======', '```', 'return x;', '    return x;', '...', 'let a = 1;'),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/[\r\n\0]/g, '')),
);
const lines = fc.array(line, { minLength: 1, maxLength: 30 });
const text = (all: string[]) => all.map((one) => `${one}\n`).join('');

describe('edits, from reply to files', () => {
  it('apply(parse(reply for diff(a, b))) = b, whatever stands in the lines, and nothing else is touched', () => {
    let narrow = 0;
    fc.assert(
      fc.property(
        lines,
        fc.array(fc.tuple(fc.nat(40), fc.nat(2), line), { minLength: 1, maxLength: 4 }),
        (a, changes) => {
          fc.pre(a.some((one) => one.trim() !== ''));
          const b = [...a];
          for (const [at, drop, added] of changes) b.splice(at % (b.length + 1), drop, added);
          // A file that becomes empty or blank half way has no lines left to quote.
          fc.pre(text(a) !== text(b) && b.some((one) => one.trim() !== ''));
          const reply = replyFor('f.txt', a, b);
          if ((reply.match(/ SEARCH/g) ?? []).length > 1) narrow++;
          const parsed = parseReply(reply);
          expect(parsed).toMatchObject({ unfinished: null, malformed: [] });
          const tree = new Map([
            ['f.txt', text(a)],
            ['g.txt', 'untouched\n'],
          ]);
          const result = applyEdits(tree, parsed.blocks);
          expect(result.ok ? result.changes : result.refusals).toEqual(new Map([['f.txt', text(b)]]));
        },
      ),
      { numRuns: 1500 },
    );
    // The generator must really write several sections at times, or it proves little.
    expect(narrow).toBeGreaterThan(20);
  });

  it('never changes a line outside of the matched ones, nor its end', () => {
    const ends = fc.constantFrom('\n', '\r\n');
    const file = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', ' d', ''), ends), { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(file, fc.nat(20), fc.boolean(), (rows, at, last) => {
        const index = at % rows.length;
        const all = rows.map(([content, end], i) => (i === index ? `unique${end}` : content + end));
        if (last) all[all.length - 1] = (all.at(-1) ?? '').trimEnd();
        fc.pre(all.join('').trim() !== '');
        const outcome = applySection(all.join(''), { search: 'unique\n', replace: 'new\n' });
        expect(outcome).toEqual({ text: all.map((one) => one.replace('unique', 'new')).join(''), rung: 'exact' });
      }),
    );
  });

  it('survives any blocks on any tree, and refusals change nothing', () => {
    const any = fc.string({ maxLength: 30, unit: 'binary' });
    const block = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), path: any, content: any }),
      fc.record({ kind: fc.constant('delete' as const), path: any }),
      fc.record({ kind: fc.constant('rename' as const), path: any, to: any }),
      fc.record({
        kind: fc.constant('patch' as const),
        path: fc.constantFrom('a', 'b'),
        sections: fc.array(fc.record({ search: any, replace: any }), { maxLength: 3 }),
      }),
    );
    fc.assert(
      fc.property(any, any, fc.array(block, { maxLength: 4 }), (a, b, blocks) => {
        const tree = new Map([
          ['a', a],
          ['b', b],
        ]);
        const result = applyEdits(tree, blocks);
        expect([...tree]).toEqual([
          ['a', a],
          ['b', b],
        ]);
        if (!result.ok) return;
        const named = new Set(blocks.flatMap((one) => (one.kind === 'rename' ? [one.path, one.to] : [one.path])));
        for (const path of result.changes.keys()) expect(named.has(path)).toBe(true);
        guardShrinkage({ before: tree, changes: result.changes, allowed: new Set() });
      }),
      { numRuns: 1000 },
    );
  });

  const numbered = (n: number, text: (i: number) => string) => Array.from({ length: n }, (_, i) => text(i)).join('');
  const near = numbered(100, (i) => `  const value${i + 500}= compute( ${i + 500});\n`);
  const patched = (content: string, search: string) =>
    applyEdits(new Map([['a', content]]), [{ kind: 'patch', path: 'a', sections: [{ search, replace: '' }] }]);

  it.each<[name: string, act: (n: number) => void]>([
    ['colons', (n) => parseReply(`${':'.repeat(100 * n)}x\n\`\`\`\nx\n\`\`\`\n`)],
    ['spaces in a marker', (n) => parseReply(`a.js\n\`\`\`\n<<<<<<< RENAME a${' '.repeat(100 * n)}b\n\`\`\`\n`)],
    ['a fence without an end', (n) => parseReply(`\`\`\`\n${'x\n'.repeat(20 * n)}`)],
    ['a fence without a path', (n) => parseReply(`\`\`\`\n${'x\n'.repeat(20 * n)}\`\`\`\n`)],
    ['files', (n) => parseReply('a.js\n```js\nx\n```\n'.repeat(4 * n))],
    ['long fences', (n) => parseReply('````\n'.repeat(10 * n))],
    ['fences of other words', (n) => parseReply('a.js\n```js\n```x\n```\n'.repeat(4 * n))],
    ['indented fences', (n) => parseReply('  ```\n'.repeat(10 * n))],
    ['fences of two kinds', (n) => parseReply('~~~\n  ```\n'.repeat(5 * n))],
    ['fences in turn', (n) => parseReply('a.js\n```\nb\n```\nc\n'.repeat(4 * n))],
    ['fences in lists', (n) => parseReply('- ```\n```\n'.repeat(5 * n))],
    ['a search of equal lines', (n) => patched('a\n'.repeat(20 * n), `${'a\n'.repeat(10 * n)}b\n`)],
    [
      'a search that nearly matches',
      (n) =>
        patched(
          numbered(n, (i) => `  const value${i} = compute(${i});\n`),
          near,
        ),
    ],
  ])(
    'takes time in proportion to hostile text: %s',
    (_name, act) => expect(growth(250, act)).toBeLessThan(PROPORTIONAL),
    120_000,
  );
});

describe('path lines', () => {
  const pathsOf = (head: string, body = 'x') =>
    parseReply(`${head}\n\`\`\`\n${body}\n\`\`\`\n`).blocks.map(({ path }) => path);

  it.each([
    ['__init__.py', '__init__.py'],
    ['__tests__/a.test.js', '__tests__/a.test.js'],
    ['**pkg/__init__.py**', 'pkg/__init__.py'],
    ['File: `src/a.ts`', 'src/a.ts'],
    ['**File:** `src/a.ts`', 'src/a.ts'],
    ['**File: src/a.ts**', 'src/a.ts'],
    ['### `src/a.ts`:', 'src/a.ts'],
    ['- src/a.ts', 'src/a.ts'],
    ['`docs/my notes.md`', 'docs/my notes.md'],
    ['Dockerfile', 'Dockerfile'],
    ['`bin`', 'bin'],
    ['.gitignore', '.gitignore'],
  ])('reads %j', (head, path) => {
    expect(pathsOf(head)).toEqual([path]);
  });

  it.each(['Example:', 'Run it with', 'Now change src/a.ts', 'Here is src/a.ts:', 'Done!', 'Usage'])(
    'takes %j for prose',
    (head) => {
      expect(pathsOf(head)).toEqual([]);
    },
  );

  it('reports an edit without a path line instead of losing it', () => {
    const reply = parseReply('Now change it:\n```\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```\n');
    expect(reply).toMatchObject({ blocks: [], malformed: [{ message: expect.stringContaining('no path line') }] });
  });

  it('refuses a section whose divider is not clear', () => {
    const reply = parseReply('a.md\n```\n<<<<<<< SEARCH\nTitle\n=======\n=======\nNew\n>>>>>>> REPLACE\n```\n');
    expect(reply).toMatchObject({ blocks: [], malformed: [{ path: 'a.md' }] });
  });
});

describe('ladder details', () => {
  const apply = (file: string, search: string, replace: string) => applySection(file, { search, replace });

  it('does not add the blank lines the file did not have', () => {
    expect(apply('a\nb\nc\n', '\nb\n\n', '\nB\n\n')).toEqual({ text: 'a\nB\nc\n', rung: 'blank-lines' });
  });

  it('keeps what an elided line stands for', () => {
    const file = 'function a() {\n  one();\n  two();\n  return 1;\n}\n';
    expect(apply(file, 'function a() {\n  // ...\n  return 1;\n', 'function b() {\n  // ...\n  return 2;\n')).toEqual({
      text: 'function b() {\n  one();\n  two();\n  return 2;\n}\n',
      rung: 'elided',
    });
  });

  it('refuses two places that are nearly alike', () => {
    const part = (n: number) => `call(alpha, ${n});\nthen(beta, gamma);\nlast(delta);\n`;
    const outcome = apply(part(1) + part(2), 'call(alpha, 9);\nthen(beta, gamma);\nlast(delta);\n', '');
    expect(outcome).toMatchObject({ refusal: { code: 'ambiguous', message: expect.stringContaining('1, 4') } });
  });

  it('keeps CRLF when a file is written again', () => {
    const result = applyEdits(new Map([['a.txt', 'a\r\nb\r\n']]), [
      { kind: 'write', path: 'a.txt', content: 'c\nd\n' },
    ]);
    expect(result.ok && result.changes.get('a.txt')).toBe('c\r\nd\r\n');
  });
});

describe('shrink guard details', () => {
  const guard = (before: Record<string, string>, changes: Record<string, string | null>) =>
    guardShrinkage({
      before: new Map(Object.entries(before)),
      changes: new Map(Object.entries(changes)),
      allowed: new Set(),
    }).map(({ code }) => code);
  const long = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('');

  it.each([
    '  ...rest,',
    '...existing,',
    '  ...other',
    '// unchanged rows are skipped',
    '# as before the loop',
    '// previous code points',
  ])('takes %j for code', (line) => {
    expect(guard({}, { 'a.js': `a\n${line}\n` })).toEqual([]);
  });

  it('takes a Markdown heading for prose, and a placeholder that was there before for known', () => {
    expect(guard({}, { 'a.md': '# Unchanged\n' })).toEqual([]);
    expect(guard({ 'a.js': '// unchanged\nb\n' }, { 'a.js': '// unchanged\nc\n' })).toEqual([]);
  });

  it('refuses a deletion nobody planned, but not a rename', () => {
    expect(guard({ 'a.txt': long }, { 'a.txt': null })).toEqual(['shrink']);
    expect(guard({ 'a.txt': long }, { 'a.txt': null, 'b.txt': long })).toEqual([]);
  });

  it.each([
    ['import * as m from "./m";\nm.one();\n', 'export const one = 1;\n'],
    ['const { one } = require("./m");\n', 'exports.one = 1;\n'],
    ['const m = require("./m.js");\nm.one();\n', 'module.exports = { one, two };\n'],
    ['import { type one } from "@/m";\n', 'export type one = 1;\n'],
    ['export { one as two } from "./m";\n', 'const a = 1;\nexport { a as one };\n'],
  ])('sees the use in %j', (importer, module) => {
    expect(guard({ 'm.js': module, 'a.js': importer }, { 'm.js': 'export const other = 1;\n' })).toEqual([
      'lost_exports',
    ]);
  });

  it('reads Python imports over several lines', () => {
    const before = { 'm.py': 'def one(): pass\n', 'a.py': 'from .m import (\n    one,  # first\n    two,\n)\n' };
    expect(guard(before, { 'm.py': 'def two(): pass\n' })).toEqual(['lost_exports']);
  });
});
