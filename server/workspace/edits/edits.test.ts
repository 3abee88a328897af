import { diffArrays } from 'diff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits } from './apply-edits';
import { type EditBlock, parseReply } from './parse-reply';
import { pathProblem } from './paths';
import { guardShrinkage } from './shrink-guard';

const tree = (files: Record<string, string>) => new Map(Object.entries(files));
const patch = (path: string, search: string, replace: string): EditBlock => ({
  kind: 'patch',
  path,
  sections: [{ search, replace }],
});
const contentOf = (result: ReturnType<typeof applyEdits>, path: string) => {
  if (!result.ok) throw new Error(result.refusals.map(({ message }) => message).join('; '));
  return result.changes.get(path);
};

describe('parseReply', () => {
  it('reads new files, patches, deletes and renames among prose', () => {
    const reply = parseReply(
      [
        'I will do it.',
        '',
        'src/a.ts',
        '```ts',
        'export const a = 1;',
        '```',
        '',
        '**src/b.ts**',
        '```',
        '<<<<<<< SEARCH',
        'x',
        '=======',
        'y',
        '>>>>>>> REPLACE',
        '```',
        'old.txt',
        '```',
        '<<<<<<< DELETE',
        '```',
        '`c.md`',
        '```',
        '<<<<<<< RENAME d.md',
        '```',
        'Done.',
      ].join('\n'),
    );
    expect(reply.blocks).toEqual([
      { kind: 'write', path: 'src/a.ts', content: 'export const a = 1;\n' },
      patch('src/b.ts', 'x\n', 'y\n'),
      { kind: 'delete', path: 'old.txt' },
      { kind: 'rename', path: 'c.md', to: 'd.md' },
    ]);
    expect(reply.prose).toBe('I will do it.\n\nDone.');
    expect(reply.unfinished).toBeNull();
  });

  it('keeps shorter fences inside a longer one', () => {
    const { blocks } = parseReply('README.md\n````md\n# A\n```js\n1\n```\n````\n');
    expect(blocks).toEqual([{ kind: 'write', path: 'README.md', content: '# A\n```js\n1\n```\n' }]);
  });

  it('never returns the block a stream was cut in', () => {
    const whole = 'a.js\n```js\nlet a;\n```\n\nb.js\n```js\nlet b;\n```\n';
    for (let cut = 0; cut < whole.length; cut++) {
      for (const block of parseReply(whole.slice(0, cut)).blocks)
        expect(whole).toContain(block.kind === 'write' ? block.content : '');
    }
    expect(parseReply('a.js\n```js\nlet a;\n').unfinished).toBe('a.js');
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.string({ maxLength: 40 }), (a, b) => {
        parseReply(`${a}\n\`\`\`\n${b}\n<<<<<<< SEARCH\n${a}\n=======\n`);
      }),
    );
  });
});

describe('applyEdits ladder', () => {
  const file = 'function a() {\n    one();\n    two();\n}\n\nfunction b() {\n    three();\n}\n';
  const rungOf = (search: string, replace = 'X\n') => {
    const result = applyEdits(tree({ 'f.js': file }), [patch('f.js', search, replace)]);
    return result.ok ? result.applied[0]?.rungs[0] : result.refusals[0]?.code;
  };

  it('names the first rung that matches', () => {
    expect(rungOf('    one();\n')).toBe('exact');
    expect(rungOf('    one();  \n')).toBe('trailing-space');
    expect(rungOf('one();\ntwo();\n')).toBe('indentation');
    expect(rungOf('\n    two();\n\n')).toBe('blank-lines');
    expect(rungOf('function a() {\n...\n}\n')).toBe('elided');
    expect(rungOf('function a() {\n    one( );\n    two();\n}\n')).toBe('similar');
    expect(rungOf('nothing like it at all\n')).toBe('no_match');
  });

  it('shifts the replacement as the match was shifted, in steps of the file', () => {
    const result = applyEdits(tree({ 'f.js': file }), [
      patch('f.js', 'one();\ntwo();\n', 'one();\nif (x) {\n  two();\n}\n'),
    ]);
    expect(contentOf(result, 'f.js')).toContain('    one();\n    if (x) {\n        two();\n    }\n}');
  });

  it('refuses two equally good places with both line numbers', () => {
    const result = applyEdits(tree({ 'f.txt': 'a\nb\na\nb\n' }), [patch('f.txt', 'a\n', 'c\n')]);
    expect(result).toMatchObject({
      ok: false,
      refusals: [{ code: 'ambiguous', message: expect.stringContaining('lines 1, 3') }],
    });
  });

  it('quotes the closest lines when nothing matches', () => {
    const result = applyEdits(tree({ 'f.js': file }), [
      patch('f.js', 'function b() {\n    three();\n    other();\n', ''),
    ]);
    expect(result).toMatchObject({
      ok: false,
      refusals: [{ code: 'no_match', message: expect.stringContaining('line 6') }],
    });
  });

  it('applies all blocks or none', () => {
    const result = applyEdits(tree({ 'a.txt': 'a\n', 'b.txt': 'b\n' }), [
      patch('a.txt', 'a\n', 'A\n'),
      patch('b.txt', 'zzz\n', 'B\n'),
    ]);
    expect(result.ok).toBe(false);
  });

  it('keeps CRLF and a missing final newline', () => {
    expect(contentOf(applyEdits(tree({ 'a.txt': 'a\r\nb\r\nc' }), [patch('a.txt', 'b\n', 'B\n')]), 'a.txt')).toBe(
      'a\r\nB\r\nc',
    );
  });

  it('apply(diff(a, b)) = b, and no other file is touched', () => {
    const line = fc.constantFrom('alpha', '  beta', 'gamma()', '}', '', 'delta;');
    const text = fc.array(line, { maxLength: 25 }).map((lines) => lines.map((value, i) => `${value} #${i}\n`).join(''));
    fc.assert(
      fc.property(text, fc.array(fc.tuple(fc.nat(30), line), { maxLength: 6 }), (a, changes) => {
        const lines = a === '' ? [] : a.slice(0, -1).split('\n');
        for (const [at, value] of changes) lines.splice(at % (lines.length + 1), at % 3, `${value} new${at}`);
        const b = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
        const block = blockFor('f.txt', a, b);
        if (block === null) return;
        const result = applyEdits(tree({ 'f.txt': a, 'other.txt': 'untouched\n' }), [block]);
        expect(contentOf(result, 'f.txt')).toBe(b);
        expect(result.ok && [...result.changes.keys()]).toEqual(['f.txt']);
      }),
      { numRuns: 1000 },
    );
  });
});

/** A SEARCH/REPLACE block that turns a into b: from the first to the last changed line with all lines before as context. */
function blockFor(path: string, a: string, b: string): EditBlock | null {
  if (a === b) return null;
  if (a === '') return { kind: 'write', path, content: b };
  const parts = diffArrays(a.slice(0, -1).split('\n'), b === '' ? [] : b.slice(0, -1).split('\n'));
  const search: string[] = [];
  const replace: string[] = [];
  for (const part of parts) {
    if (!part.added) search.push(...part.value);
    if (!part.removed) replace.push(...part.value);
  }
  const text = (lines: string[]) => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);
  return patch(path, text(search), text(replace));
}

describe('paths', () => {
  it.each([
    '/etc/passwd',
    '../up',
    'a/../../b',
    'C:/x',
    'c:x',
    'a\\b',
    'nul',
    'dir/CON.txt',
    'a/aux',
    'x\0y',
    '.git/config',
    'sub/.GIT/hooks',
    'a ',
    'a.',
    'a//b',
    '',
    'what?',
    `${'x'.repeat(300)}`,
  ])('refuses %j', (path) => {
    expect(pathProblem(path)).not.toBeNull();
    expect(applyEdits(tree({}), [{ kind: 'write', path, content: 'x' }]).ok).toBe(false);
  });

  it('allows ordinary names', () => {
    for (const path of [
      'a.ts',
      'src/über/ß.py',
      '.gitignore',
      '.github/workflows/ci.yml',
      'a b/c d.txt',
      '[id]/page.tsx',
      'console.ts',
    ])
      expect(pathProblem(path)).toBeNull();
  });

  it('refuses two names that are one file elsewhere, and a file as a folder', () => {
    const write = (path: string): EditBlock => ({ kind: 'write', path, content: 'x' });
    expect(applyEdits(tree({ 'Readme.md': 'a' }), [write('README.md')])).toMatchObject({
      ok: false,
      refusals: [{ code: 'path_collision' }],
    });
    expect(applyEdits(tree({ src: 'a' }), [write('src/a.ts')])).toMatchObject({
      ok: false,
      refusals: [{ code: 'path_collision' }],
    });
  });

  it('refuses binary content and too large files', () => {
    expect(applyEdits(tree({}), [{ kind: 'write', path: 'a', content: 'x\0y' }])).toMatchObject({
      refusals: [{ code: 'binary' }],
    });
    expect(applyEdits(tree({}), [{ kind: 'write', path: 'a', content: 'x'.repeat(1_048_577) }])).toMatchObject({
      refusals: [{ code: 'too_large' }],
    });
  });
});

describe('shrink guard', () => {
  const long = `${Array.from({ length: 20 }, (_, i) => `export function f${i}() {}`).join('\n')}\n`;
  const guard = (before: Record<string, string>, changes: Record<string, string | null>, allowed: string[] = []) =>
    guardShrinkage({ before: tree(before), changes: new Map(Object.entries(changes)), allowed: new Set(allowed) }).map(
      ({ code }) => code,
    );

  it('refuses losing more than 30 % of the lines, unless the task says so', () => {
    const short = long.split('\n').slice(0, 13).join('\n');
    expect(guard({ 'a.ts': long }, { 'a.ts': short })).toEqual(['shrink']);
    expect(guard({ 'a.ts': long }, { 'a.ts': short }, ['a.ts'])).toEqual([]);
    expect(guard({ 'a.ts': long }, { 'a.ts': long.split('\n').slice(0, 15).join('\n') })).toEqual([]);
  });

  it('refuses losing an exported name that another file imports', () => {
    expect(
      guard(
        { 'src/a.ts': 'export const one = 1;\nexport const two = 2;\n', 'b.ts': "import { one } from './src/a';\n" },
        { 'src/a.ts': 'export const two = 2;\n' },
      ),
    ).toEqual(['lost_exports']);
    expect(
      guard(
        { 'src/a.ts': 'export const one = 1;\nexport const two = 2;\n', 'b.ts': "import { one } from './src/a';\n" },
        { 'src/a.ts': 'export const one = 2;\n' },
      ),
    ).toEqual([]);
    expect(
      guard(
        { 'pkg/m.py': 'def one():\n  pass\n', 'tests/t.py': 'from pkg.m import one\n' },
        { 'pkg/m.py': 'def two():\n  pass\n' },
      ),
    ).toEqual(['lost_exports']);
  });

  it('a file that becomes shorter by plan keeps what others import', () => {
    const before = { 'a.ts': long, 'b.ts': "import { f1 } from './a';\n" };
    expect(guard(before, { 'a.ts': 'export function f2() {}\n' }, ['a.ts'])).toEqual(['lost_exports']);
    expect(guard(before, { 'a.ts': 'export function f1() {}\n' }, ['a.ts'])).toEqual([]);
  });

  it.each([
    '// ... rest of the code',
    '# rest of the code here',
    '// unchanged',
    '  // ...existing code...',
    '/* rest of file */',
    '... existing code ...',
    '# ... (rest of the function is unchanged)',
    '// Other functions remain unchanged',
    '// [rest of code unchanged]',
    '/* keep everything else as is */',
    'pass  # rest of code unchanged',
  ])('refuses the placeholder %j', (line) => {
    expect(guard({}, { 'a.js': `let a = 1;\n${line}\n` })).toEqual(['placeholder']);
  });

  it('does not take ordinary code for a placeholder', () => {
    expect(
      guard(
        {},
        {
          'a.js':
            'f(...rest);\nconst x = [...existing];\n// keeps the rest sorted\nif (unchanged) return;\n// other users stay as they are\n// keep the rest of the row\n',
        },
      ),
    ).toEqual([]);
  });
});
