import { describe, expect, it } from 'vitest';
import { fileReport } from './file-problem';
import { checkParse } from './parse-check';

const parseProblem = async (path: string, text: string) => (await fileReport(path, text)).problem;

/** Valid text that older grammars stumble over: none of it may be called wrong. */
const VALID: [path: string, text: string][] = [
  ['using.js', 'using x = open();\n'],
  ['attributes.mjs', 'import d from "./a.json" with { type: "json" };\nawait using x = d;\n'],
  ['await.js', 'const a = await fetch("x");\nconsole.log(a);\n'],
  ['common.js', 'const a = require("a");\nmodule.exports = { a };\n'],
  ['class.js', 'class A { #x = 1; static { A.y = 1; } has(o) { return #x in o; } }\nconst r = /(?<a>x)/v;\n'],
  ['a.jsx', 'export const A = () => <div {...rest}>{x ? <B /> : null}<></></div>;\n'],
  ['satisfies.ts', 'const a = { b: 1 } satisfies X;\nfunction f<const T>(x: T): asserts x is T {}\n'],
  ['enum.ts', 'enum A { x }\nusing y = f();\nnamespace N { export const a = 1 }\n'],
  [
    'variance.ts',
    'class A<in out T> { accessor y = 1; declare x: T }\nimport type { B } from "b" with { "resolution-mode": "import" };\n',
  ],
  ['a.tsx', 'const a = { b: 1 } satisfies X;\nexport const C = <T,>(p: P<T>) => <Foo<T> a={p} />;\n'],
  ['match.py', 'match x:\n    case {"a": 1, **rest} if rest: pass\n    case [1, *_] | Point(x=0): pass\n'],
  ['twelve.py', 'x = f"{a["b"]!r:>{w}}"\ntype X[T] = list[T]\ndef f[T](a: T, /, *, b: int = 1) -> T: ...\n'],
  ['void.html', '<!doctype html>\n<meta charset=utf-8><p>one<p>two<br><input disabled><ul><li>a<li>b</ul>a & b < c\n'],
  ['nesting.css', '.a { & .b { x: y } > .f { g: h } @media (width >= 40rem) { i: j } }\n@theme { --a: 1 }\n'],
  ['page.css', '@page :first { margin: 1in }\n.a::before { content: "}"; background: url(a{b.png) } /* { */\n'],
  ['tsconfig.json', '{\n  // comment\n  "a": "// no comment, }",\n}\n'],
  ['many.yaml', 'a: 1\n---\nb: 2\n'],
  ['unknown.xyz', '((((\n'],
];

const BROKEN: [path: string, text: string, line: number][] = [
  ['a.js', 'let a;\nfunction f( {\n', 2],
  ['a.ts', 'let b;\nconst a: = 1;\n', 2],
  ['a.tsx', 'const a = <div>;\n', 1],
  ['a.jsx', 'const a = <div;\n', 1],
  ['a.py', 'x = 1\ndef f(:\n  pass\n', 2],
  ['a.html', '<div>\n<p</div>\n', 2],
  ['a.css', 'a { b: c }\na { b: c\n', 2],
  ['b.css', 'a { b: c }\n}\n', 2],
  ['a.json', '{\n "a": 1,\n}\n', 3],
  ['a.yml', 'a: [1\nb: 2\n', 2],
];

describe('parse check', () => {
  it.each(VALID)('accepts %s', async (path, text) => {
    expect(await parseProblem(path, text)).toBeNull();
  });

  it.each(BROKEN)('refuses %s and names the line', async (path, text, line) => {
    const problem = await parseProblem(path, text);
    expect(problem?.message).toBeTruthy();
    // A parser may notice a missing part only where the text ends.
    expect(problem?.line).toBeGreaterThanOrEqual(Math.min(line, 1));
    expect(Math.abs((problem?.line ?? 99) - line)).toBeLessThanOrEqual(1);
  });

  it('survives deep nesting', async () => {
    const deep = '('.repeat(20_000);
    for (const path of ['a.js', 'a.py', 'a.css', 'a.html']) await parseProblem(path, deep);
    expect(await parseProblem('a.js', deep)).not.toBeNull();
  });

  it('reports every broken file among the changed ones, and no other', async () => {
    const files = new Map([
      ['a.json', '{'],
      ['b.json', '{}'],
      ['c.json', '['],
    ]);
    const outcome = await checkParse(files, ['a.json', 'b.json', 'gone.json']);
    expect(outcome).toMatchObject({
      status: 'failed',
      required: true,
      output: expect.stringMatching(/^a\.json:1: .*$/),
    });
  });

  it.each([[['a.xyz']], [[]], [['gone.js']]])('proves nothing where nothing was parsed: %j', async (changed) => {
    const outcome = await checkParse(new Map([['a.xyz', '((((']]), changed);
    expect(outcome).toMatchObject({ status: 'skipped', required: false, exitCode: null });
  });

  it('counts only what was parsed', async () => {
    const files = new Map([
      ['a.xyz', '(('],
      ['b.json', '{}'],
    ]);
    expect(await checkParse(files, ['a.xyz', 'b.json'])).toMatchObject({
      status: 'passed',
      required: true,
      output: '1 files parsed, 1 of a kind that has no parser here',
    });
  });
});
