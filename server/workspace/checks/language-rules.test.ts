import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileReport } from './file-problem';
import { checkParse } from './parse-check';

const parseProblem = async (path: string, text: string) => (await fileReport(path, text)).problem;

/** What grammars accept and languages refuse: file, text, line, part of the message. */
const WRONG: [path: string, text: string, line: number, says: string][] = [
  ['a.tsx', 'const a = (\n  <div>\n    <span>x\n  </div>\n</span>\n);\n', 4, 'closing tag for <span>'],
  ['a.jsx', 'const a = <><A.B c={1}>x</A.C></>;\n', 1, 'closing tag for <A.B>'],
  ['react.js', 'const a = <ul>\n<li>x</ul>\n</li>;\n', 2, 'closing tag for <li>'],
  ['fragment.tsx', 'const a = <div>\n<>x</div></>;\n', 2, 'closing tag for <>'],
  ['amp.tsx', 'const a = <p className="[&_svg]:b">\n<b>c & d</p>\n</b>;\n', 2, 'closing tag for <b>'],
  ['a.ts', 'let a = 1;\nconst a = 2;\n', 2, "'a' has already been declared"],
  ['body.ts', 'function f(): void {\n  const a = 1;\n  if (a) {\n    let b;\n    let b;\n  }\n}\n', 5, 'b'],
  ['pattern.tsx', 'const [a, { b: { c }, ...d }] = x;\nconst { d = 1 } = y;\n', 2, 'd'],
  ['exported.ts', 'export const a = 1;\n\nexport const a = 2;\n', 3, 'a'],
  ['case.js', 'switch (x) {\n  case 1:\n    let a;\n  default:\n    let a;\n}\n', 5, 'a'],
  ['param.js', 'const f = (a, { b }) => {\n  const b = a;\n};\n', 1, 'b'],
  ['catch.ts', 'try {\n} catch (error) {\n  const error = 1;\n}\n', 3, 'error'],
  ['method.ts', 'class A {\n  b(c: number) {\n    let c = 1;\n  }\n}\n', 2, "'c'"],
  ['mixed.js', 'function a() {}\nconst a = 1;\n', 2, 'a'],
  ['var.js', 'let a;\nvar a;\n', 2, 'a'],
  ['class.ts', 'class A {}\nclass A {}\n', 2, 'A'],
  ['import.js', "import a, { b as c, d } from 'x';\nconst d = 1;\n", 2, 'd'],
  ['body.d.ts', 'declare const a = 1;\ndeclare function f() {\n  return 1;\n}\n', 2, 'implementation'],
  ['value.d.ts', 'declare let a: number = 1;\n', 1, 'Initializers'],
  ['private.d.cts', 'declare class A {\n  #b: 1;\n  #b: 2;\n}\n', 3, '#b'],
  ['tuple.d.mts', 'export type A = [a?: 1, b: 2];\n', 1, 'optional'],
  ['unexpected.py', 'x = 1\n    y = 2\n', 2, 'unexpected indent'],
  ['deeper.py', 'def f():\n    x = 1\n      y = 2\n', 3, 'unexpected indent'],
  ['first.py', '  x = 1\n', 1, 'unexpected indent'],
  ['expected.py', 'x = 1\ndef f():\nx = 1\n', 2, 'expected an indented block'],
  ['comment.py', 'def f():\n    # nothing\n', 1, 'expected an indented block'],
  ['else.py', 'if x:\n    y\nelse:\nz\n', 3, 'expected an indented block'],
  ['unindent.py', 'def f():\n    x = 1\n  y = 2\n', 3, 'unindent'],
  ['clause.py', 'def f():\n    if x:\n        y\n  else:\n        z\n', 4, 'unindent'],
  ['tabs.py', 'def f():\n\tx = 1\n        y = 2\n', 3, 'tabs and spaces'],
  ['decorator.py', 'class A:\n    @b\n  def c(self): pass\n', 2, ''],
  ['unclosed.html', '<body>\n<div>\n  <span>x\n</div>\n</body>\n', 3, '<span> is not closed before </div> on line 4'],
  ['eof.html', '<main>\n<section>\n<p>x\n', 1, '<main> is never closed'],
  ['stray.html', '<div>\n</div>\n</div>\n', 3, '</div> closes no open <div>'],
  ['crossed.html', '<p><b>\n<i>x</b></i>\n', 2, '<i> is not closed before </b>'],
  ['script.html', '<p>\n<script>let a = "</p>";\n', 2, '<script> is never closed'],
  ['quote.html', '<p>\n<a href="x>y</a>\n</p>\n', 2, 'missing > after <a'],
];

const RIGHT: [path: string, text: string][] = [
  ['text.tsx', 'export const A = () => <p title="a & b" className="[&_svg]:x">Don\'t {x} & y &amp; z</p>;\n'],
  ['link.jsx', 'const a = <a href="/?a=1&b=2">x & y</a>;\n'],
  ['names.tsx', 'const a = <A.B<T> c="1"><svg:path /><Foo-bar></Foo-bar></A.B>;\n'],
  [
    'inner.ts',
    'let a = 1;\n{\n  let a = 2;\n}\nfor (const a of b) {\n  const a = 1;\n}\nfunction f(a: number) {\n  { let a; }\n}\n',
  ],
  ['overload.ts', 'function f(a: string): void;\nfunction f(a: number): void;\nfunction f(a: unknown) {}\n'],
  [
    'merge.ts',
    'interface A {}\nclass A {}\ntype B = 1;\nconst B = 1;\nfunction C() {}\nnamespace C { export const a = 1 }\n',
  ],
  ['types.ts', "import type { A } from 'a';\nimport { B } from 'b';\nconst A = 1;\nexport { A as B };\n"],
  ['declare.d.ts', 'declare class A {}\ndeclare function A(): A;\ndeclare const a: 1;\n'],
  ['merged.d.ts', 'export { A };\ndeclare let b: A;\ndeclare function b(): A;\nexport default b;\n'],
  ['sloppy.js', 'var a; var a;\nfunction f() {}\nfunction f() {}\nvar f;\n'],
  ['default.js', 'const b = 1;\nconst f = ({ a = b, c: { d } = {} }) => { let b, c; };\n'],
  ['property.js', 'const a = 1;\nconst { a: b } = { a };\nexport { a as c };\n'],
  ['cases.js', 'switch (x) {\n  case 1: { let a; break; }\n  case 2: { let a; }\n}\n'],
  ['tabs.py', 'def f():\n\tif x:\n\t\treturn 1\n\telse: pass\n'],
  [
    'lines.py',
    'if x and \\\n        y:\n  z = [\n1,\n    2]\n  """\ntext\n      """\nelif x: pass\nelse: \\\n      pass\n',
  ],
  [
    'nested.py',
    'class A:\n  """d"""\n\n  @b\n  async def c(self):\n        # note\n   # note\n        try: pass\n        except* E: pass\n        finally: pass\n',
  ],
  ['semicolon.py', 'if x: a = 1; b = 2\nwith a as b, \\\n     c as d:\n    pass\n\x0cdef f(): ...\n'],
  ['windows.py', '\ufeffdef f():\r\n    x = 1\r\n\r\n    return x\r\n'],
  ['match.py', 'match x:\n  case 1:\n    pass\n  case _: pass\n'],
  [
    'optional.html',
    '<html><body><ul><li>a<li>b</ul><table><tr><td>a<td>b</table><dl><dt>a<dd>b</dl><p>x<p>y<select><option>a</select>\n',
  ],
  ['block.html', '<p>a<ul><li>b</ul></p>\n'],
  [
    'raw.html',
    '<title>a <b> c</title><textarea><div></textarea><style>a > b {}</style><script>if (a < b) "</div>"</script>\n',
  ],
  [
    'self.html',
    '<svg viewBox="0 0 1 1"><path d="m0"/><g><title>x</title></g><![CDATA[ <y> ]]></svg><br/><x-icon name="a > b"></x-icon>\n',
  ],
  [
    'comment.html',
    '<!-- <div> --><!doctype html><!--[if IE]><div><![endif]--><p>1 < 2 && 3 > 2</p><?xml version="1.0"?>\n',
  ],
  ['case.html', "<DIV Title=a/b><Span data-x='>'>x</SPAN></div>\n"],
  ['jinja.html', '{% if a %}<div class="b">{% else %}<div>{% endif %}</div>\n'],
];

describe('rules of a language beyond its grammar', () => {
  it.each(WRONG)('refuses %s %j', async (path, text, line, says) => {
    const problem = await parseProblem(path, text);
    expect(problem?.line).toBe(line);
    expect(problem?.message).toContain(says);
    expect((await checkParse(new Map([[path, text]]), [path])).output).toMatch(new RegExp(`^${path}:${line}: `));
  });

  it.each(RIGHT)('accepts %s %j', async (path, text) => {
    expect(await parseProblem(path, text)).toBeNull();
  });

  it("finds nothing in this repository's own sources", async () => {
    const files = ['app', 'components', 'server', 'scripts', 'e2e', 'bench', 'public'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
    // This prompt shows the format of edits, whose markers are those of a conflict.
    const format = 'server/agents/prompts/implement.ts';
    const sources = files.filter((path) => /\.(?:[cm]?[jt]sx?|json|ya?ml|py|html|css)$/.test(path) && path !== format);
    expect(sources.length).toBeGreaterThan(200);
    const problems = [];
    for (const path of sources) problems.push((await parseProblem(path, readFileSync(path, 'utf8'))) ?? []);
    expect(problems.flat()).toEqual([]);
  }, 90_000);

  it.each([
    ['a.html', '<b>'.repeat(20_000)],
    ['a.html', '<a "'.repeat(20_000)],
    ['a.html', `${'<i '.repeat(20_000)}</x>`],
    ['a.tsx', `const a = ${'<b>'.repeat(2_000)}`],
    ['a.ts', `const {${'a: {'.repeat(2_000)}`],
    ['a.py', 'if x:\n '.repeat(2_000)],
  ])('survives hostile %s', async (path, text) => {
    expect(await parseProblem(path, text)).not.toBeNull();
  });
});
