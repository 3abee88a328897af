import { describe, expect, it } from 'vitest';
import { cutAtMarks, markWords } from './mark-words';

const marked = (line: string, ...terms: string[]) => markWords(line, terms).map(([from, to]) => line.slice(from, to));

describe('words in a line of code', () => {
  it.each([
    ['const header = parseHttpHeader(x);', ['header'], ['header', 'Header']],
    ['parseHttpHeader', ['parsehttpheader', 'parse', 'header'], ['parseHttpHeader']],
    ['to_json(rows)', ['json', 'row'], ['json', 'row']],
    ['reparse parser parse', ['parse'], ['parse']],
    ['HTTPServer', ['server'], ['Server']],
    ['nothing here', ['zzzqqq', ''], []],
    ['İ parse', ['parse'], []],
  ])('%s', (line, terms, expected) => {
    expect(marked(line, ...terms)).toEqual(expected);
  });

  it('cuts coloured pieces at the marks, and loses no character', () => {
    const line = 'let parseHeader = 1';
    const spans = markWords(line, ['header']);
    const pieces = ['let ', 'parseHea', 'der', ' = 1'];
    let start = 0;
    const cut = pieces.map((text) => {
      const parts = cutAtMarks(text, start, spans);
      start += text.length;
      return parts;
    });
    expect(
      cut
        .flat()
        .map(({ text }) => text)
        .join(''),
    ).toBe(line);
    expect(
      cut
        .flat()
        .filter((piece) => piece.marked)
        .map(({ text }) => text),
    ).toEqual(['Hea', 'der']);
  });
});
