import { describe, expect, it } from 'vitest';
import { parseReply } from './parse-reply';

const good = 'b.js\n```js\nlet b;\n```\n';
const refused = (text: string) => {
  const { blocks, malformed } = parseReply(text);
  return { blocks: blocks.map(({ path }) => path), malformed: malformed.map(({ path }) => path) };
};

describe('a file that holds fences in a fence that is too short', () => {
  it('is refused with what to do, and the blocks after it are read', () => {
    const reply = parseReply(`README.md\n\`\`\`md\n# A\n\`\`\`bash\nnpm i\n\`\`\`\nThe rest.\n\`\`\`\n\n${good}`);
    expect(reply.malformed).toEqual([{ path: 'README.md', message: expect.stringContaining('longer fence') }]);
    expect(reply.blocks).toEqual([{ kind: 'write', path: 'b.js', content: 'let b;\n' }]);
  });

  it.each([
    ['an inner fence without a language', 'README.md\n```\n# A\n\n```\nnpm i\n```\nThe rest.\n```\n', []],
    ['a fence that is left over', 'README.md\n```md\n# A\n```\nThe rest.\n```\n', []],
    [
      'a fence that is left over before a block',
      `README.md\n\`\`\`md\n# A\n\`\`\`\nRest.\n\`\`\`\n\n${good}`,
      ['b.js'],
    ],
  ])('is not accepted cut: %s', (_name, text, blocks) => {
    expect(refused(text)).toEqual({ blocks, malformed: ['README.md'] });
  });

  it('does not take a list of paths inside of it for another file', () => {
    const text = 'README.md\n```\n# A\n\n```\nsrc/a.js\n```\nThe rest.\n```\n';
    expect(refused(text)).toEqual({ blocks: [], malformed: ['README.md', 'src/a.js'] });
  });
});

describe('what looks like a file', () => {
  it.each([
    ['~~~ fences', 'src/a.js\n~~~js\nlet a;\n~~~\n', 'src/a.js'],
    ['fences indented in a list', '1. `src/a.js`:\n   ```js\n   let a;\n   ```\n', 'src/a.js'],
    ['a path with spaces', 'docs/Getting Started.md\n```md\n# A\n```\n', 'docs/Getting Started.md'],
  ])('is not lost among the prose: %s', (_name, text, path) => {
    expect(refused(`${text}\n${good}`)).toEqual({ blocks: ['b.js'], malformed: [path] });
    expect(refused(`${good}\n${text}`)).toEqual({ blocks: ['b.js'], malformed: [path] });
  });

  it.each([
    'Run it:\n```bash\nnode b.js\n```\n',
    'Now run the tests in b.js\n```sh\nnode --test\n```\n',
    'It prints:\n\n```\n1\n```\n\nand then:\n\n```\n2\n```\n',
    'See b.js:\n```js\nb();\n```\n',
    '- b.js is new\n\n  ```\n  src/a.js\n  ```\n',
    '~~~\nsrc/a.js\n~~~\n',
  ])('and prose stays prose: %j', (text) => {
    expect(refused(`${good}\n${text}`)).toEqual({ blocks: ['b.js'], malformed: [] });
    expect(refused(`${text}\n${good}`)).toEqual({ blocks: ['b.js'], malformed: [] });
  });
});
