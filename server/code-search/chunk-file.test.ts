import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkFile, MAX_LINES } from './chunk-file';
import { lexicalWords, splitIdentifier } from './split-identifiers';

const body = (count: number, line = '  work();') => Array.from({ length: count }, () => line).join('\n');

describe('chunkFile', () => {
  it.each([
    ['a.js', 'function alpha() {}\n', 'alpha'],
    ['a.ts', 'export interface Alpha { x: number }\n', 'Alpha'],
    ['a.tsx', 'export default function Alpha() { return <p />; }\n', 'Alpha'],
    ['a.py', '@cached\ndef alpha():\n  return 1\n', 'alpha'],
    ['a.go', 'package main\n\nfunc Alpha() int { return 1 }\n', 'Alpha'],
    ['a.rs', 'pub fn alpha() {}\n', 'alpha'],
    ['A.java', 'class Alpha { void run() {} }\n', 'Alpha'],
    ['a.c', 'int alpha(void) { return 0; }\n', 'alpha'],
    ['a.cpp', 'class Alpha { public: void run(); };\n', 'Alpha'],
    ['a.rb', 'class Alpha\n  def run\n  end\nend\n', 'Alpha'],
    ['a.php', '<?php\nfunction alpha() {}\n', 'alpha'],
    ['A.cs', 'class Alpha { void Run() {} }\n', 'Alpha'],
    ['a.css', '.alpha { color: red }\n', '.alpha'],
  ])('names the declaration in %s', async (path, text, symbol) => {
    const chunks = await chunkFile(path, text);
    expect(chunks.map((chunk) => chunk.symbol)).toEqual([symbol]);
    expect(chunks[0]?.header).toBe(`${path}: ${splitIdentifier(symbol)}`);
  });

  it('gives two functions of some size a chunk each, with their leading comments', async () => {
    const text = `// One.\nfunction first() {\n${body(20)}\n}\n\n// Two.\nfunction second() {\n${body(20)}\n}\n`;
    const chunks = await chunkFile('a.js', text);
    expect(chunks.map(({ symbol, startLine, endLine }) => [symbol, startLine, endLine])).toEqual([
      ['first', 1, 23],
      ['second', 25, 47],
    ]);
    expect(chunks[1]?.content.startsWith('// Two.')).toBe(true);
  });

  it('merges small declarations and splits a large class at its methods', async () => {
    const small = await chunkFile(
      'a.js',
      Array.from({ length: 10 }, (_, index) => `const v${index} = ${index};`).join('\n'),
    );
    expect(small).toHaveLength(1);
    const methods = ['open', 'read', 'close']
      .map((name) => `  ${name}() {\n${body(28, '    work();')}\n  }`)
      .join('\n\n');
    const large = await chunkFile('a.js', `class Store {\n${methods}\n}\n`);
    expect(large.map(({ symbol }) => symbol)).toEqual(['Store, Store.open', 'Store.read', 'Store.close, Store']);
  });

  it('falls back to sections for Markdown and overlapping lines for the rest', async () => {
    const sections = await chunkFile('a.md', '# Top\ntext\n```\n# not a heading\n```\n## Sub\nmore\n');
    expect(sections.map(({ symbol, startLine }) => [symbol, startLine])).toEqual([
      ['Top', 1],
      ['Top > Sub', 6],
    ]);
    const lines = await chunkFile('a.yaml', body(120, 'key: value'));
    expect(lines.map(({ startLine, endLine }) => [startLine, endLine])).toEqual([
      [1, 50],
      [46, 95],
      [91, 120],
    ]);
  });

  it('covers every line that is not blank, with the lines that it names, for any text', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'function f() {',
        '}',
        'class A {',
        'const x = `',
        "'",
        '/* c */',
        'if (a) {',
        '',
        '  return 1;',
        '\u0000',
        '\ud800',
        'é💥',
      ),
      fc.string({ maxLength: 30 }).filter((text) => !/[\r\n\u2028]/.test(text)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 150 }),
        fc.constantFrom('a.ts', 'a.py', 'a.md', 'a.txt', 'a.html'),
        async (lines, path) => {
          const clean = lines.join('\n').replaceAll('\0', '').toWellFormed().split('\n');
          const seen = new Set<number>();
          for (const chunk of await chunkFile(path, lines.join('\n'))) {
            expect(chunk.content).toBe(clean.slice(chunk.startLine - 1, chunk.endLine).join('\n'));
            expect(chunk.endLine - chunk.startLine).toBeLessThan(2 * MAX_LINES);
            for (let line = chunk.startLine; line <= chunk.endLine; line++) seen.add(line);
          }
          for (const [index, line] of clean.entries()) if (line.trim() !== '') expect(seen).toContain(index + 1);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('bounds a chunk of one enormous line and deep nesting', async () => {
    const minified = await chunkFile('a.js', `var a="${'x'.repeat(50_000)}";`);
    expect(Math.max(...minified.map(({ content }) => content.length))).toBeLessThanOrEqual(6_000);
    expect((await chunkFile('a.js', `${'[\n'.repeat(3_000)}${']\n'.repeat(3_000)}`)).length).toBeGreaterThan(10);
  });
});

describe('words', () => {
  it('splits camel case, acronyms and underscores, and keeps the whole name', () => {
    expect(splitIdentifier('parseHTTPHeader_v2')).toBe('parse http header v2');
    expect(lexicalWords('parseHTTPHeader(max_size)')).toEqual([
      'parsehttpheader',
      'parse',
      'http',
      'header',
      'maxsize',
      'max',
      'size',
    ]);
    expect(lexicalWords('"; DROP -- !!')).toEqual(['drop']);
  });
});
