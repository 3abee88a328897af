import { describe, expect, it } from 'vitest';
import { outcomeOf } from '@/test/edit-outcome';
import { parseReply } from './parse-reply';

const A = "import x from './x.js';\n\nexport function a(n) {\n  return n + 1;\n}\n";
const EDITED = A.replace('+ 1', '+ 10');
const TREE = { 'src/a.js': A, 'notes.txt': 'one\ntwo\nthree\n' };
const SECTION = '<<<<<<< SEARCH\n  return n + 1;\n=======\n  return n + 10;\n>>>>>>> REPLACE';
const GOOD = 'new.js\n```js\nexport const z = 1;\n```\n';
const NEW = { 'new.js': 'export const z = 1;\n' };
const quoted = (text: string) => text.replaceAll(/^/gm, '> ');
const fenced = (mark: string) => `src/a.js\n${mark}js\n${EDITED}${mark}\n`;
const block = (path: string, body: string) => `${path}\n\`\`\`\n${body}\n\`\`\`\n`;
const patch = (search: string, replace: string) =>
  block('notes.txt', `<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE`);

/** Blocks in a form that is not read, or read all the same. */
const FORMS: [name: string, text: string][] = [
  ['a section without a fence', `src/a.js\n${SECTION}\n`],
  ['a section without a fence and a path', `${SECTION}\n`],
  ['a quoted block', quoted(`src/a.js\n\`\`\`js\n${SECTION}\n\`\`\``)],
  ['an indented block', `src/a.js\n    \`\`\`js\n${SECTION.replaceAll(/^/gm, '    ')}\n    \`\`\`\n`],
  ['two backticks', fenced('``')],
  ['apostrophes', fenced("'''")],
  ['acute accents', fenced('´´´')],
  ['full-width backticks', fenced('｀｀｀')],
  ['an invisible letter before the fence', fenced('\u200b```')],
  ['a space of another kind before the fence', fenced('\u00a0```')],
  ['a tab before the fence', fenced('\t```')],
  ['a tag of a file', `<file path="src/a.js">\n${EDITED}</file>\n`],
  ['a tag around a section', `<file path="src/a.js">\n${SECTION}\n</file>\n`],
  ['a tool call in tags', `<write_to_file>\n<path>src/a.js</path>\n<content>\n${EDITED}</content>\n</write_to_file>\n`],
  ['a tool call of functions', '<function_calls>\n<invoke name="write_file">\n</invoke>\n</function_calls>\n'],
  ['a tool call in JSON', '```json\n{"path":"src/a.js","content":"x"}\n```\n'],
  ['a here-document', "```bash\ncat > src/a.js <<'EOF'\nx\nEOF\n```\n"],
  ['a diff without a fence', 'diff --git a/src/a.js b/src/a.js\n--- a/src/a.js\n+++ b/src/a.js\n@@ -4 +4 @@\n-a\n+b\n'],
  ['a diff without a path', '```diff\n-  return n + 1;\n+  return n + 10;\n```\n'],
  [
    'another format without a path',
    '```\n*** Begin Patch\n*** Update File: src/a.js\n@@\n-a\n+b\n*** End Patch\n```\n',
  ],
  ['another format without a fence', '*** Begin Patch\n*** Update File: src/a.js\n@@\n-a\n+b\n*** End Patch\n'],
  ['two files in one fence', '```js\n// src/y.js\nlet y;\n\n// src/w.js\nlet w;\n```\n'],
  ['two files below one path', 'src/y.js\n```js\n// src/y.js\nlet y;\n\n// src/w.js\nlet w;\n```\n'],
  ['a file in two fences', 'src/y.js\n```js\nlet y;\n```\n```js\nlet w;\n```\n'],
  ['a file that is continued', 'src/y.js\n```js\nlet y;\n```\n(continued)\n```js\nlet w;\n```\n'],
  ['a file and its deletion', `${block('notes.txt', 'x')}${block('notes.txt', '<<<<<<< DELETE')}`],
  ['a change and a deletion', `${patch('two', '2')}${block('notes.txt', '<<<<<<< DELETE')}`],
  ['sections broken by another character', patch('two', '2').replaceAll('\n', '\u2028')],
  ['a prefix of a diff before a path', `b/src/a.js\n\`\`\`js\n${EDITED}\`\`\`\n`],
  ['a sign before a path', `@src/a.js\n\`\`\`js\n${EDITED}\`\`\`\n`],
  ['new lines at one place', `${patch('two', 'two\nadded')}${patch('two', 'two\nother')}`],
  ['a rename with a remark', block('notes.txt', '<<<<<<< RENAME docs/n.txt (moved)')],
];

describe('a block in a strange form keeps the blocks beside it from being applied alone', () => {
  it.each(FORMS)('%s', (_name, text) => {
    for (const reply of [`${text}\n${GOOD}`, `${GOOD}\n${text}`]) {
      const outcome = outcomeOf(reply, TREE);
      if ('changes' in outcome) expect(outcome.changes).toEqual({ ...NEW, 'src/a.js': EDITED });
    }
  });
});

describe('a path in brackets or underscores is the path', () => {
  it.each([
    '[src/a.js]\n```js\n',
    '[[src/a.js]]\n```js\n',
    '(src/a.js)\n```js\n',
    '_src/a.js_\n```js\n',
    '*src/a.js*\n```js\n',
    '```js [src/a.js]\n',
    '```js (src/a.js)\n',
    '```js src/a.js {3-5}\n',
  ])('%j', (head) => {
    const outcome = outcomeOf(`${head}${EDITED}\`\`\`\n`, TREE);
    if ('changes' in outcome) expect(outcome).toEqual({ changes: { 'src/a.js': EDITED }, examples: 0 });
    else expect(outcome.refused).toContain('src/a.js');
  });

  it.each(['app/(main)/[id]/page.tsx', 'pkg/__init__.py', 'src/[slug].tsx', '@types/x.d.ts', '_layout.tsx'])(
    'leaves %s as it is',
    (path) => expect(outcomeOf(block(path, 'x'), TREE)).toEqual({ changes: { [path]: 'x\n' }, examples: 0 }),
  );

  it('reads the new path of a rename out of a link', () => {
    const outcome = outcomeOf(block('notes.txt', '<<<<<<< RENAME [docs/n.txt](docs/n.txt)'), TREE);
    expect(outcome).toEqual({ changes: { 'notes.txt': null, 'docs/n.txt': TREE['notes.txt'] }, examples: 0 });
  });
});

describe('a draft in the model’s thinking is no edit', () => {
  const draft = 'old.js\n```js\nlet draft;\n```\n';
  it.each([
    ['an end in the middle of a line', `I try this:\n${draft}That is it.</think>\n`],
    ['analysis', `<analysis>\n${draft}</analysis>\n`],
    ['a scratchpad', `<scratchpad>\n${draft}</scratchpad>\n`],
    ['an attribute', `<think type="deep">\n${draft}</think>\n`],
    ['Mistral’s brackets', `[THINK]\n${draft}[/THINK]\n`],
    ['Kimi’s signs', `◁think▷\n${draft}◁/think▷\n`],
    ['a name before it', `<seed:think>\n${draft}</seed:think>\n`],
    ['two words in one', `<antThinking>\n${draft}</antThinking>\n`],
    ['a comment', `<!--\n${draft}-->\n`],
    ['thinking in thinking', `<think>\n<think>\nx\n</think>\n${draft}</think>\n`],
    ['channels', `<|channel|>analysis<|message|>\n${draft}<|end|>\n<|start|>assistant<|channel|>final<|message|>\n`],
  ])('%s', (_name, text) => {
    const outcome = outcomeOf(`${text}\n${GOOD}`, TREE);
    if ('changes' in outcome) expect(outcome.changes).toEqual(NEW);
  });

  it('says where an answer ends that speaks of such a tag', () => {
    const text = 'It hides what stands in `<think>` and `</think>`.\n';
    expect(outcomeOf(`${text}${GOOD}${text}`, TREE)).toEqual({ changes: NEW, examples: 0 });
  });
});

describe('a block that is given twice', () => {
  it.each([
    ['in two blocks', `${patch('two', 'two\nadded')}\nOnce more:\n\n${patch('two', 'two\nadded')}`],
    ['in two sections', patch('two', 'two\nadded\n>>>>>>> REPLACE\n<<<<<<< SEARCH\ntwo\n=======\ntwo\nadded')],
  ])('is applied once: %s', (_name, text) => {
    expect(outcomeOf(text, TREE)).toMatchObject({ changes: { 'notes.txt': 'one\ntwo\nadded\nthree\n' } });
  });

  it('is applied when its lines are broken by carriage returns alone', () => {
    const outcome = outcomeOf(`${patch('two', '2').replaceAll('\n', '\r')}${GOOD}`, TREE);
    expect(outcome).toEqual({ changes: { ...NEW, 'notes.txt': 'one\n2\nthree\n' }, examples: 0 });
  });
});

describe('the files that an example may mean', () => {
  const mentions = (text: string) => parseReply(text).mentions.map(({ path, line }) => ({ path, line }));
  it.each([
    ['a sentence', `Here is the updated src/a.js:\n\n\`\`\`js\n${EDITED}\`\`\`\n`, 3],
    ['a sentence with more words', `In \`src/a.js\`, replace the function:\n\n\`\`\`js\n${EDITED}\`\`\`\n`, 3],
    ['a heading with a remark', `## 2. \`src/a.js\` – change\n\`\`\`js\n${EDITED}\`\`\`\n`, 2],
    ['signs around it', `=== src/a.js ===\n\`\`\`js\n${EDITED}\`\`\`\n`, 2],
    ['a deletion in words', 'Delete: `src/a.js`\n', 1],
  ])('are told: %s', (_name, text, line) => expect(mentions(text)).toEqual([{ path: 'src/a.js', line }]));

  it.each([
    ['a command', 'Run src/a.js:\n```bash\nnode src/a.js\n```\n'],
    ['output', 'Output of src/a.js:\n```\nok\n```\n'],
    ['no file', 'For example:\n```js\nfoo();\n```\n'],
  ])('are not told: %s', (_name, text) => expect(mentions(text)).toEqual([]));
});

describe('the time for a megabyte that is no edit', () => {
  it.each([
    ['tildes', '~', '`'],
    ['carriage returns', '\r', 'x'],
    ['signs of a marker', '<', 'x'],
    ['lines with a sign', '-x\n', ''],
    ['blank lines', '\n', 'x'],
    ['words of a diff', '[-', 'x'],
  ])('is short: %s', (_name, part, end) => {
    const text = part.repeat(2 ** 20 / part.length) + end;
    const start = process.cpuUsage();
    for (const reply of [text, `f.js\n\`\`\`\`js\n${text}\n\`\`\`\`\n`]) outcomeOf(reply, { 'f.js': text });
    const { user, system } = process.cpuUsage(start);
    // Quadratic work on a megabyte takes minutes.
    expect((user + system) / 1e6).toBeLessThan(8);
  });
});
