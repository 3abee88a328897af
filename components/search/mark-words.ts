/** Where the words that were looked for stand in a line of code. Pure. */

/** From and to, in characters; sorted, without overlap. */
export type Span = readonly [from: number, to: number];

const isLower = (text: string) => /^\p{Ll}/u.test(text);
const isLetter = (text: string) => /^\p{L}/u.test(text);

/** A word begins at a new part of a name (`parseHeader`, `to_json`) and ends with one, or with a plural's `s`. */
function isWhole(line: string, [from, to]: Span): boolean {
  const begins = !isLetter(line.slice(from - 1, from)) || !isLower(line.slice(from));
  const rest = line.slice(to);
  return begins && (!isLower(rest) || /^s(?!\p{Ll})/u.test(rest));
}

/** @param terms in small letters; of two that begin at one place the longer is marked. */
export function markWords(line: string, terms: readonly string[]): Span[] {
  const small = line.toLowerCase();
  // A few letters change their length in small ones: such a line stays unmarked rather than marked beside the word.
  if (small.length !== line.length) return [];
  const found = terms.flatMap((term): Span[] => {
    const spans: Span[] = [];
    for (let at = term === '' ? -1 : small.indexOf(term); at !== -1; at = small.indexOf(term, at + term.length))
      spans.push([at, at + term.length]);
    return spans;
  });
  const marked: Span[] = [];
  for (const span of found.filter((one) => isWhole(line, one)).sort((a, b) => a[0] - b[0] || b[1] - a[1]))
    if (span[0] >= (marked.at(-1)?.[1] ?? 0)) marked.push(span);
  return marked;
}

export interface Piece {
  text: string;
  marked: boolean;
}

/** Part of a line, from `start` on, cut at the edges of the marks. */
export function cutAtMarks(text: string, start: number, spans: readonly Span[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const [from, to] of spans) {
    const [left, right] = [Math.max(from - start, at), Math.min(to - start, text.length)];
    if (right <= left) continue;
    if (left > at) pieces.push({ text: text.slice(at, left), marked: false });
    pieces.push({ text: text.slice(left, right), marked: true });
    at = right;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), marked: false });
  return pieces;
}
