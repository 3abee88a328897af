import type { Refusal, Rung } from '../schema';
import { withoutNumber, withoutNumbers } from './line-numbers';
import { isElided, type Match, matchExactly, matchSimilar } from './match-section';
import { mergeSection, type Written } from './merge-section';
import type { SearchReplace } from './read-sections';

/** Byte order mark. */
export const BOM = '\ufeff';

type SectionOutcome = { text: string; rung: Rung } | { refusal: { code: Refusal['code']; message: string } };

/** Applies one section; every line outside of it keeps its own end, and the file keeps its last newline or lack of one. */
export function applySection(text: string, section: SearchReplace): SectionOutcome {
  // A byte order mark is no part of the first line, whichever side has it.
  if (text.startsWith(BOM)) {
    const outcome = applySection(text.slice(1), section);
    return 'text' in outcome ? { ...outcome, text: BOM + outcome.text } : outcome;
  }
  const file = splitLines(text);
  const [search, replace] = [section.search, section.replace].map((part) => splitLines(part.replace(BOM, '')).lines);
  if (search === undefined || replace === undefined) throw new Error('a section has two parts');
  if (search.every((line) => line.trim() === '')) {
    if (text.trim() !== '')
      return { refusal: { code: 'no_match', message: 'the SEARCH part is empty; quote the lines to change' } };
    return { text: replace.map((line) => line + usualEnd(file.ends)).join(''), rung: 'exact' };
  }
  const { match, lines } = findSection(file.lines, { search, replace });
  if (match.kind !== 'found') return { refusal: explain(match) };
  const shaped = shape(lines, match);
  if (shaped === null) {
    const message = 'SEARCH and REPLACE have different numbers of ... lines; write the lines out instead';
    return { refusal: { code: 'malformed', message } };
  }
  const { start, end, rung } = match;
  const window = file.lines.slice(start, end);
  const isExact = window.every((line, i) => line === shaped.search[i]);
  const written = mergeSection({ window, file: file.lines, start, ...shaped, isExact });
  if (typeof written === 'string') return { refusal: { code: 'no_match', message: written } };
  return { text: assemble(file, match, written), rung };
}

interface Parts {
  search: string[];
  replace: string[];
}

/** The place of a section, as it is written or without what models add to quoted lines: numbers and entities. */
function findSection(file: string[], section: Parts): { match: Match; lines: Parts } {
  for (const lines of [section, ...withoutAdditions(section)]) {
    const match = matchExactly(file, lines.search);
    if (match !== null) return { match, lines };
  }
  return { match: matchSimilar(file, section.search), lines: section };
}

function withoutAdditions({ search, replace }: Parts): Parts[] {
  const variants: Parts[] = [];
  const numberless = withoutNumbers(search);
  if (numberless !== null) variants.push({ search: numberless, replace: replace.map(withoutNumber) });
  const plain = search.map(withoutEntities);
  if (plain.some((line, i) => line !== search[i]))
    variants.push({ search: plain, replace: replace.map(withoutEntities) });
  return variants;
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'", '#x27': "'", amp: '&' };

function withoutEntities(line: string): string {
  return line.replaceAll(/&(lt|gt|quot|apos|#39|#x27|amp);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

/** The file with the written lines in place of the matched ones. */
function assemble(
  { lines, ends }: Lines,
  { start, end }: { start: number; end: number },
  written: readonly Written[],
): string {
  const usual = usualEnd(ends);
  const texts = written.map(({ text, from }) => text + ((from === null ? '' : ends[start + from]) || usual));
  const last = written.at(-1);
  if (end >= lines.length && last !== undefined) texts[texts.length - 1] = last.text + (ends.at(-1) ?? usual);
  const rest = (from: number, to: number) => lines.slice(from, to).map((line, i) => line + ends[from + i]);
  return [...rest(0, start), ...texts, ...rest(end, lines.length)].join('');
}

function explain(match: Exclude<Match, { kind: 'found' }>): { code: Refusal['code']; message: string } {
  if (match.kind === 'ambiguous') {
    return {
      code: 'ambiguous',
      message: `the SEARCH lines stand in ${match.lines.length} places (lines ${match.lines.join(', ')}); quote more lines around the one you mean`,
    };
  }
  const closest =
    match.closest === null ? '' : `; the closest lines begin at line ${match.closest.line}:\n${match.closest.text}`;
  return { code: 'no_match', message: `the SEARCH lines stand nowhere in the file${closest}` };
}

/**
 * Both parts of the section, line by line beside the match: elided parts put back, surplus blank lines taken off. Null: the
 * elided lines of both parts do not pair up. A replacement with none drops them.
 */
function shape({ search, replace }: Parts, { rung, captured, blank }: Extract<Match, { kind: 'found' }>): Parts | null {
  if (rung === 'elided') {
    const elided = replace.filter(isElided).length;
    if (elided !== 0 && elided !== captured.length) return null;
    return { search: putBack(search, captured), replace: putBack(replace, captured) };
  }
  let from = 0;
  let to = replace.length;
  while (from < to && from < blank.before && replace[from]?.trim() === '') from++;
  while (to > from && replace.length - to < blank.after && replace[to - 1]?.trim() === '') to--;
  return { search: search.slice(blank.before, search.length - blank.after), replace: replace.slice(from, to) };
}

function putBack(lines: readonly string[], captured: readonly string[][]): string[] {
  const left = [...captured];
  return lines.flatMap((line) => (isElided(line) ? (left.shift() ?? []) : [line]));
}

interface Lines {
  lines: string[];
  ends: string[];
}

/** Lines and the end each one has: `\r\n`, `\n`, or nothing on an unfinished last line. */
function splitLines(text: string): Lines {
  const lines: string[] = [];
  const ends: string[] = [];
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const stop = newline < 0 ? text.length : newline;
    const carriage = newline > at && text[newline - 1] === '\r';
    lines.push(text.slice(at, carriage ? stop - 1 : stop));
    ends.push(newline < 0 ? '' : carriage ? '\r\n' : '\n');
    at = stop + 1;
  }
  return { lines, ends };
}

/** The end most lines have; new lines get it. */
function usualEnd(ends: string[]): string {
  const carriage = ends.filter((end) => end === '\r\n').length;
  return carriage * 2 > ends.length ? '\r\n' : '\n';
}
