import { expect, it } from 'vitest';
import { exactness, namesIn } from './exact-names';

it.each([
  ['where is parseHttpHeader called?', ['parseHttpHeader']],
  ['parse', ['parse']],
  ['how do we `parse` it', ['parse']],
  ['MAX_LINES and $ref', ['MAX_LINES', '$ref']],
  ['Parser.parse', ['Parser.parse']],
  ['what is in README.md?', ['README.md']],
  ['where is the input validated? Tell me.', []],
  ['zzzqqq', ['zzzqqq']],
  ['', []],
])('names in %j', (question, names) => {
  expect(namesIn(question)).toEqual(names);
});

it.each([
  ['declares it', { symbol: 'read, parse' }, 2],
  ['declares it in a class', { symbol: 'Parser.parse' }, 2],
  ['is the file', { path: 'src/parse' }, 2],
  ['spells it', { content: 'const x = parse(text);' }, 1],
  ['spells part of it', { content: 'parseAll(text); reparse();' }, 0],
  ['spells it in another case', { symbol: 'Parse', content: 'Parse()' }, 0],
])('a chunk that %s', (_case, chunk, expected) => {
  expect(exactness(['parse'], { path: 'a.ts', symbol: null, content: '', ...chunk })).toBe(expected);
});
