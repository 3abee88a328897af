import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handleHealth } from '@/server/api/http/health-handler';
import { lineChunks } from '@/server/code-search/chunk';
import { readChunks, readRepoMap } from '@/server/code-search/code-reader';
import { suiteSize } from '@/test/suite-size';
import { FREE, watchThread } from '@/test/watch-thread';
import { fileReport } from './file-problem';
import { checkParse } from './parse-check';

const SIZE = suiteSize(40_000, 1_000_000);
/** Milliseconds that one file may take here. */
const FILE_MS = suiteSize(400, 5_000);
const fill = (part: string) => part.repeat(Math.ceil(SIZE / part.length)).slice(0, SIZE);

/** Name and text; each takes an honest parser too long, too deep or nowhere. */
const HOSTILE: [path: string, text: string][] = [
  ['url.css', fill('url(a')],
  ['url-space.css', 'url( '.repeat(16_000)],
  ['comment.css', 'a{/*'.repeat(20_000)],
  ['open.css', fill('a{')],
  ['paren.css', fill('(')],
  ['escape.css', `"${fill('\\\n')}`],
  ['bold.html', fill('<b>')],
  ['attribute.html', fill('<a "')],
  ['comment.html', fill('<!--')],
  ['half.html', fill('<i ')],
  ['script.html', fill('<script>')],
  ['paren.js', fill('(')],
  ['regex.js', `/${fill('(')}/`],
  ['template.js', fill('`${')],
  ['plus.js', `x=${fill('1+')}1`],
  ['arrow.ts', fill('(a=')],
  ['generic.ts', `type A=${fill('B<')}`],
  ['tag.jsx', `a=${fill('<b>')}`],
  ['object.tsx', `const ${fill('{a:')}`],
  ['one.js', fill('a')],
  ['array.json', fill('[')],
  ['number.json', fill('9')],
  ['proto.json', `{"__proto__":${fill('{"__proto__":')}`],
  ['tail.json', `{"a":1}${fill(' ')}x`],
  [
    'bomb.yaml',
    `a: &a [1]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [${`*${i === 0 ? 'a' : `b${i - 1}`},`.repeat(9)}]`).join('\n')}\n`,
  ],
  ['flow.yaml', fill('[')],
  ['keys.yaml', Array.from({ length: SIZE / 40 }, (_, i) => `key${i}: 1`).join('\n')],
  ['indent.yaml', Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['deep.py', 'if x:\n '.repeat(SIZE / 80)],
  ['paren.py', fill('(')],
  ['string.py', fill('"""')],
  ['a.toml', fill('[')],
  ['a.md', fill('# ')],
  ['a.svg', fill('<!ENTITY a "&a;">')],
  ['a.sh', fill('$(')],
  ['nul.js', fill('\0')],
  ['surrogate.py', fill('\ud800')],
  ['bom.json', fill('\ufeff')],
  ['ends.css', fill('a{}\r\n\r\n\n')],
  ['marker.txt', fill('<<<<<<<')],
  ['mixed.css', fill('a{/*"[(')],
  ['quote.css', fill('"\\')],
  ['svg.html', fill('<svg><a b=')],
  ['cdata.html', `<svg>${fill('<![CDATA[')}`],
  ['entity.html', fill('&#9')],
  ['catch.js', `/^${'(a+)+'.repeat(900)}$/`],
  ['class.js', `/[${fill('\\u{1')}]/u`],
  ['big.js', `x=${fill('9')}n`],
  ['string.js', `"${fill('a')}`],
  ['template10k.js', `${'`${'.repeat(10_000)}1${'}`'.repeat(10_000)}`],
  ['comment.ts', fill('/*')],
  ['union.ts', `type A=${fill('|B')}`],
  ['chain.tsx', `a=${fill('<a b={')}`],
  ['proto.js', `x={${fill('__proto__:{},')}`],
  ['keys.json', `{${fill('"a":0,')}"__proto__":{}}`],
  ['comment.jsonc', fill('/*')],
  ['escape.json', `"${fill('\\u')}`],
  ['block.yaml', fill('- ')],
  ['quote.yaml', `a: "${fill('\n')}`],
  ['tags.yaml', fill('!')],
  ['anchors.yaml', fill('&a ')],
  ['proto.yaml', `a: {<<: ${fill('{<<: ')}`],
  ['lambda.py', `x=${fill('lambda:')}`],
  ['fstring.py', fill('f"{')],
  ['tabs.py', `if x:\n${fill('\t')}y\n z`],
  ['fence.md', fill('```\n~~~\n')],
  ['heading.md', fill('=======\n')],
  ['here.sh', fill('<<a\n')],
  ['nested.xml', fill('<a>')],
  ['one.txt', 'a'.repeat(1_048_576)],
  ['one.css', 'a'.repeat(1_048_576)],
  ['one.py', 'a'.repeat(1_048_576)],
  ['one.html', 'a'.repeat(1_048_576)],
  ['nul.yaml', fill('\0')],
  ['nul.html', fill('<a\0')],
  ['bidi.md', fill('\u202e')],
];

/** The same text plain, in another encoding and with other line ends, behind honest lines, and within a document. */
const VARIANTS = [
  (text: string) => text,
  (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`,
  (text: string) => `${'\n'.repeat(5_000)}${text}`,
  (text: string) => `${text.slice(0, text.length / 2)}\0\ud800${text.slice(text.length / 2)}`,
].slice(0, suiteSize(1, 4));

const varied = (vary: (text: string) => string): [path: string, text: string][] =>
  HOSTILE.map(([path, text]) => [path, vary(text)]);

/** A normal file of the same kind, which passes right after it. */
const NORMAL: Record<string, string> = {
  css: 'a { b: c }\n',
  html: '<p>a</p>\n',
  json: '{"a": 1}\n',
  jsonc: '{"a": 1}\n',
  yaml: 'a: 1\n',
  py: 'def f():\n    pass\n',
};

const WITHOUT_PARSER = ['md', 'txt', 'toml', 'svg', 'xml', 'sh'];

/** Asks for the health over and over. The answer, after a stop, is how many answers came. */
function askHealth(url: string): () => Promise<number> {
  let asking = true;
  let answers = 0;
  const asked = (async () => {
    while (asking) {
      const response = await fetch(url);
      if (response.ok && (await response.text()) === '{"status":"ok"}') answers++;
      // The thread that parses wants a processor as well.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    asking = false;
    await asked;
    return answers;
  };
}

describe('hostile files', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer(async (_, response) => {
      const answer = handleHealth();
      response.writeHead(answer.status).end(await answer.text());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    await checkParse(new Map([['warm.py', 'x = 1\n']]), ['warm.py']);
    expect((await fetch(url)).ok).toBe(true);
  });

  afterAll(() => server.close());

  it(
    'end as passed, failed or skipped with a short message, while the server answers',
    async () => {
      // Making the files is work of this test, and not of what it watches.
      const files = VARIANTS.flatMap(varied);
      const held = await watchThread();
      const healthy = askHealth(url);
      let answers = 0;
      try {
        for (const [path, text] of files) {
          const { status, output } = await checkParse(new Map([[path, text]]), [path], { fileMs: FILE_MS });
          expect([path, ['passed', 'failed', 'skipped'].includes(status)]).toEqual([path, true]);
          expect(output.length).toBeLessThan(700);
          const kind = path.split('.').at(-1) ?? '';
          const good = `good.${kind}`;
          const after = await checkParse(new Map([[good, NORMAL[kind] ?? 'let a;\n']]), [good]);
          expect([path, after.status]).toEqual([path, WITHOUT_PARSER.includes(kind) ? 'skipped' : 'passed']);
        }
      } finally {
        answers = await healthy();
      }
      expect(answers).toBeGreaterThan(10);
      const { longestMs, turns } = await held();
      expect(longestMs).toBeLessThan(FREE.longestMs);
      expect(turns).toBeGreaterThan(FREE.turns);
    },
    suiteSize(120_000, 1_800_000),
  );

  it('would hold the server for as long as they are parsed, were they parsed in its own thread', async () => {
    const nested = '('.repeat(1_048_576);
    await fileReport('warm.py', 'x = 1\n');
    const inServer = await watchThread();
    const { problem } = await fileReport('nested.py', nested);
    const blocked = await inServer();
    expect(blocked.longestMs).toBeGreaterThan(FREE.longestMs);
    expect(blocked.turns).toBeLessThan(FREE.turns);
    const inThread = await watchThread();
    const { output } = await checkParse(new Map([['nested.py', nested]]), ['nested.py'], { fileMs: 60_000 });
    const free = await inThread();
    expect(output).toBe(`nested.py:1: ${problem?.message}`);
    expect(free.longestMs).toBeLessThan(FREE.longestMs);
    expect(free.turns).toBeGreaterThan(FREE.turns);
  }, 120_000);

  it('are named when they take too long, and the next file is parsed all the same', async () => {
    const files = new Map([
      ['slow.js', `x=${'f('.repeat(200)}${'a=>'.repeat(200_000)}`],
      ['good.json', '{}'],
    ]);
    const outcome = await checkParse(files, [...files.keys()], { fileMs: 1 });
    expect(outcome.status).toBe('failed');
    expect(outcome.output).toMatch(/^slow\.js:1: it was not parsed within 0\.001 s/);
    expect((await checkParse(files, ['good.json'])).status).toBe('passed');
  });

  it('are split by lines and mapped by path when the syntax cannot be read', async () => {
    const text = `# ${' '.repeat(300_000)}x`;
    expect((await readChunks('a.md', text)).length).toBeGreaterThan(0);
    expect(lineChunks('a.md', text).length).toBeGreaterThan(0);
    const files = new Map([['a.js', `from${' '.repeat(200_000)}\nexport function alpha() {}\n`]]);
    expect(await readRepoMap({ files, focus: [], budgetTokens: 100 })).toContain('export function alpha()');
  }, 60_000);
});
