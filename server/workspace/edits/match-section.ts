import type { Rung } from '../schema';

/**
 * Finds where the SEARCH lines of a section stand in a file: the apply ladder of formats.md, first rung that matches wins.
 * Works on lines without their ends. Every rung but the last compares line by line; the last compares by the share of
 * equal lines and characters and needs a clear winner.
 */
export type Match =
  | {
      kind: 'found';
      rung: Rung;
      start: number;
      end: number;
      indent: IndentShift | null;
      captured: string[][];
      blank: Blank;
    }
  | { kind: 'ambiguous'; rung: Rung; lines: number[] }
  | { kind: 'none'; closest: { line: number; text: string } | null };

/** Blank lines of the SEARCH part that the file does not have. */
export interface Blank {
  before: number;
  after: number;
}
const NO_BLANK: Blank = { before: 0, after: 0 };

/** `...` alone on a line, bare or as a comment. */
export function isElided(line: string): boolean {
  return line.length < 200 && /^\s*(\/\/|#|--|\/\*)?\s*(\.\.\.|…)\s*(\*\/)?\s*$/.test(line);
}

export interface IndentShift {
  /** Prefix the file's lines have more than the section's lines (or less, when `remove`). */
  text: string;
  remove: boolean;
}

/** A window must share this part of its lines to be taken as "the closest"; below it a guess would damage the file. */
const SIMILARITY_THRESHOLD = 0.85;
/** The best window must lead the second best by this much. */
const SIMILARITY_LEAD = 0.05;
/** Line comparisons the similarity rung may spend; with more to do it looks only at windows that share whole lines. */
const SIMILARITY_BUDGET = 60_000;
/** Places looked at when lines stand in many. */
const MAX_PLACES = 20;

type Key = (line: string) => string;
const same: Key = (line) => line;
const noTrailing: Key = (line) => line.trimEnd();
const noMargin: Key = (line) => line.trim();

export function matchSection(file: string[], search: string[]): Match {
  const plain = tryRung(file, search, 'exact', same);
  if (plain !== null) return plain;
  const trailing = tryRung(file, search, 'trailing-space', noTrailing);
  if (trailing !== null) return trailing;
  const shifted = matchIndented(file, search, 'indentation');
  if (shifted !== null) return shifted;
  const trimmed = trimBlank(search);
  if (trimmed.length > 0 && trimmed.length < search.length) {
    const before = search.findIndex((line) => line.trim() !== '');
    const blank = { before, after: search.length - trimmed.length - before };
    const found = tryRung(file, trimmed, 'blank-lines', noTrailing) ?? matchIndented(file, trimmed, 'blank-lines');
    if (found !== null) return found.kind === 'found' ? { ...found, blank } : found;
  }
  return matchElided(file, search) ?? matchSimilar(file, search);
}

function tryRung(file: string[], search: string[], rung: Rung, key: Key): Match | null {
  const starts = findAll(file, search, key);
  const [start] = starts;
  if (start === undefined) return null;
  if (starts.length > 1) return { kind: 'ambiguous', rung, lines: starts.map((line) => line + 1) };
  return { kind: 'found', rung, start, end: start + search.length, indent: null, captured: [], blank: NO_BLANK };
}

/** Places where the lines stand, by Knuth, Morris and Pratt (1977): linear also for files of one repeated line. */
function findAll(file: string[], search: string[], key: Key, from = 0, most = MAX_PLACES): number[] {
  const starts: number[] = [];
  if (search.length === 0 || search.length > file.length || search.every((line) => line.trim() === '')) return starts;
  const wanted = search.map(key);
  const border = [0];
  for (let i = 1, k = 0; i < wanted.length; i++) {
    while (k > 0 && wanted[i] !== wanted[k]) k = border[k - 1] ?? 0;
    if (wanted[i] === wanted[k]) k++;
    border.push(k);
  }
  for (let i = from, k = 0; i < file.length && starts.length < most; i++) {
    const line = key(file[i] ?? '');
    while (k > 0 && line !== wanted[k]) k = border[k - 1] ?? 0;
    if (line === wanted[k]) k++;
    if (k === wanted.length) {
      starts.push(i - k + 1);
      k = border[k - 1] ?? 0;
    }
  }
  return starts;
}

/** Every line shifted by the same leading white space. */
function matchIndented(file: string[], search: string[], rung: Rung): Match | null {
  const starts = findAll(file, search, noMargin);
  const hits: { start: number; indent: IndentShift }[] = [];
  for (const start of starts) {
    const indent = uniformShift(file.slice(start, start + search.length), search);
    if (indent !== null) hits.push({ start, indent });
  }
  const [hit] = hits;
  if (hit === undefined) return null;
  if (hits.length > 1) return { kind: 'ambiguous', rung, lines: hits.map(({ start }) => start + 1) };
  const end = hit.start + search.length;
  return { kind: 'found', rung, start: hit.start, end, indent: hit.indent, captured: [], blank: NO_BLANK };
}

function uniformShift(window: string[], search: string[]): IndentShift | null {
  let shift: IndentShift | null = null;
  for (const [i, line] of search.entries()) {
    if (line.trim() === '') continue;
    const have = leading(window[i] ?? '');
    const want = leading(line);
    let here: IndentShift;
    if (have.endsWith(want)) here = { text: have.slice(0, have.length - want.length), remove: false };
    else if (want.endsWith(have)) here = { text: want.slice(0, want.length - have.length), remove: true };
    else return null;
    if (shift !== null && (shift.text !== here.text || (shift.remove !== here.remove && here.text !== ''))) return null;
    shift = here;
  }
  return shift;
}

function leading(line: string): string {
  return /^\s*/.exec(line)?.[0] ?? '';
}

function trimBlank(lines: string[]): string[] {
  let from = 0;
  let to = lines.length;
  while (from < to && (lines[from] ?? '').trim() === '') from++;
  while (to > from && (lines[to - 1] ?? '').trim() === '') to--;
  return lines.slice(from, to);
}

/** `...` alone on a line stands for any lines between two matched parts. */
function matchElided(file: string[], search: string[]): Match | null {
  const parts: string[][] = [[]];
  for (const line of search) {
    if (isElided(line)) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  if (parts.length < 2 || parts.some((part) => trimBlank(part).length === 0)) return null;
  const [head = [], ...rest] = parts;
  const hits: { start: number; end: number; captured: string[][] }[] = [];
  for (const start of findAll(file, head, noTrailing, 0, 3)) {
    let at = start + head.length;
    const captured: string[][] = [];
    for (const part of rest) {
      const [next] = findAll(file, part, noTrailing, at, 1);
      if (next === undefined) break;
      captured.push(file.slice(at, next));
      at = next + part.length;
    }
    if (captured.length === rest.length) hits.push({ start, end: at, captured });
  }
  const [hit] = hits;
  if (hit === undefined) return null;
  if (hits.length > 1) return { kind: 'ambiguous', rung: 'elided', lines: hits.map(({ start }) => start + 1) };
  return { kind: 'found', rung: 'elided', indent: null, blank: NO_BLANK, ...hit };
}

/** The closest window of as many lines, when it is close and no other is nearly as close. */
function matchSimilar(file: string[], search: string[]): Match {
  const wanted = search.map((line) => line.trim());
  if (wanted.every((line) => line === '') || file.length === 0) return { kind: 'none', closest: null };
  const trimmed = file.map((line) => line.trim());
  const compare = comparer();
  const scored = candidates(trimmed, wanted).map((start) => {
    let sum = 0;
    for (const [j, line] of wanted.entries()) sum += compare(trimmed[start + j] ?? '', line);
    const whole = wanted.filter((line, j) => line.length > 2 && line === trimmed[start + j]).length;
    return { start, score: sum / wanted.length, whole };
  });
  // For people and models a window with a whole line in common is closer than one of vaguely alike lines.
  const nearest = scored.reduce<(typeof scored)[number] | null>(
    (a, b) => (a === null || b.whole > a.whole || (b.whole === a.whole && b.score > a.score) ? b : a),
    null,
  );
  scored.sort((a, b) => b.score - a.score || a.start - b.start);
  const [best, second] = scored;
  if (best === undefined || nearest === null || best.score <= 0) return { kind: 'none', closest: null };
  if (best.score < SIMILARITY_THRESHOLD || wanted.length < 3 || best.start + search.length > file.length)
    return { kind: 'none', closest: quote(file, nearest.start, search.length) };
  if (second !== undefined && best.score - second.score < SIMILARITY_LEAD)
    return { kind: 'ambiguous', rung: 'similar', lines: [best.start + 1, second.start + 1].sort((a, b) => a - b) };
  const end = best.start + search.length;
  const alike = search.map((line, j) => (trimmed[best.start + j] === line.trim() ? line : ''));
  const indent = uniformShift(file.slice(best.start, end), alike);
  return { kind: 'found', rung: 'similar', start: best.start, end, indent, captured: [], blank: NO_BLANK };
}

/** Windows worth comparing line by line: all of a small file, else those that share the most whole lines. */
function candidates(file: string[], wanted: string[]): number[] {
  const last = Math.max(0, file.length - wanted.length);
  const starts = Array.from({ length: last + 1 }, (_, i) => i);
  if (starts.length * wanted.length <= SIMILARITY_BUDGET) return starts;
  const known = new Set(wanted.filter((line) => line !== ''));
  const shared: number[] = [];
  let count = 0;
  for (let i = 0; i < file.length; i++) {
    if (known.has(file[i] ?? '')) count++;
    if (i >= wanted.length && known.has(file[i - wanted.length] ?? '')) count--;
    if (i >= wanted.length - 1) shared.push(count);
  }
  const most = Math.max(2, Math.floor(SIMILARITY_BUDGET / wanted.length));
  return starts.sort((a, b) => (shared[b] ?? 0) - (shared[a] ?? 0) || a - b).slice(0, most);
}

function quote(file: string[], start: number, length: number): { line: number; text: string } {
  return {
    line: start + 1,
    text: file
      .slice(start, start + Math.min(length, 12))
      .join('\n')
      .slice(0, 1200),
  };
}

/** Dice coefficient over character pairs (Dice 1945), 1 for equal lines; pairs of each line are counted once. */
function comparer(): (a: string, b: string) => number {
  const counted = new Map<string, Map<string, number>>();
  const pairsOf = (line: string) => {
    let pairs = counted.get(line);
    if (pairs === undefined) {
      pairs = new Map();
      for (let i = 0; i < line.length - 1; i++) {
        const pair = line.slice(i, i + 2);
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
      counted.set(line, pairs);
    }
    return pairs;
  };
  return (a, b) => {
    if (a === b) return 1;
    if (a.length < 2 || b.length < 2 || a.length > 400 || b.length > 400) return 0;
    const total = a.length + b.length - 2;
    // No more pairs can be shared than the shorter line has.
    if ((2 * (Math.min(a.length, b.length) - 1)) / total < 0.4) return 0;
    const left = pairsOf(a);
    let shared = 0;
    for (const [pair, times] of pairsOf(b)) shared += Math.min(times, left.get(pair) ?? 0);
    return (2 * shared) / total;
  };
}
