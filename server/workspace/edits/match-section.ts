import type { Rung } from '../schema';
import { collapsed, comparer, isHeadOf, isTelling, untypographic } from './line-likeness';

/**
 * Finds where the SEARCH lines of a section stand in a file: the apply ladder of formats.md, first rung that matches wins.
 * Works on lines without their ends. A place is taken only when no other fits as well.
 */
export type Match =
  | {
      kind: 'found';
      rung: Rung;
      start: number;
      end: number;
      /** What each elided line stands for. */
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

/** Below this a line is another line, not the same one quoted badly. */
const ALIKE = 0.4;
/** Of so many telling lines one may be quoted badly. */
const LINES_A_FAULT = 4;
/** Line comparisons the similarity rung may spend; with more to do it looks only at windows that share whole lines. */
const SIMILARITY_BUDGET = 60_000;
/** Places looked at when lines stand in many. */
const MAX_PLACES = 20;

type Key = (line: string) => string;
const same: Key = (line) => line;
const noTrailing: Key = (line) => line.trimEnd();

/** The rungs that compare every line; null when none matches. */
export function matchExactly(file: string[], search: string[]): Match | null {
  const found = matchWhole(file, search);
  if (found !== null) return found;
  const trimmed = trimBlank(search);
  if (trimmed.length > 0 && trimmed.length < search.length) {
    const before = search.findIndex((line) => line.trim() !== '');
    const blank = { before, after: search.length - trimmed.length - before };
    const inner = matchWhole(file, trimmed);
    if (inner !== null) return inner.kind === 'found' ? { ...inner, rung: 'blank-lines', blank } : inner;
  }
  return matchElided(file, search);
}

function matchWhole(file: string[], search: string[]): Match | null {
  const exact = matchBy(file, search, 'exact', same) ?? matchBy(file, search, 'trailing-space', noTrailing);
  if (exact !== null) return exact;
  // Judged by the loosest comparison, so that a place with other quotes counts against one with another indentation.
  const loose = matchBy(file, search, 'quotes', untypographic);
  if (loose?.kind !== 'found') return loose;
  const isIndent = search.every((line, i) => collapsed(line) === collapsed(file[loose.start + i] ?? ''));
  return isIndent ? { ...loose, rung: 'indentation' } : loose;
}

function matchBy(file: string[], search: string[], rung: Rung, key: Key): Match | null {
  const starts = findAll(file, search, key);
  const [start] = starts;
  if (start === undefined) return null;
  if (starts.length > 1) return { kind: 'ambiguous', rung, lines: starts.map((line) => line + 1) };
  return { kind: 'found', rung, start, end: start + search.length, captured: [], blank: NO_BLANK };
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
  return { kind: 'found', rung: 'elided', blank: NO_BLANK, ...hit };
}

interface Window {
  start: number;
  score: number;
  /** Telling lines that are equal, and whether all others may be the quoted ones with a fault. */
  equal: number;
  isPossible: boolean;
  faults: number;
  heads: number;
}

/**
 * The window that can be what was quoted with a word wrong in a line: it has more equal lines than any other, and no
 * other can be. So one wrong word never leads to another place.
 */
export function matchSimilar(file: string[], search: string[]): Match {
  const wanted = search.map(untypographic);
  if (wanted.every((line) => line === '') || file.length === 0) return { kind: 'none', closest: null };
  const lines = file.map(untypographic);
  const telling = wanted.map(isTelling);
  const compare = comparer();
  const windows = candidates(lines, wanted).map((start): Window => {
    const window: Window = { start, score: 0, equal: 0, isPossible: true, faults: 0, heads: 0 };
    for (const [j, line] of wanted.entries()) {
      const other = lines[start + j] ?? '';
      const alike = compare(other, line);
      window.score += alike / wanted.length;
      if (line === other) window.equal += telling[j] ? 1 : 0;
      else if (!telling[j]) window.isPossible = false;
      else {
        window.faults++;
        if (isHeadOf(line, other)) window.heads++;
        else window.isPossible &&= alike >= ALIKE;
      }
    }
    return window;
  });
  const [best, second] = [...windows].sort((a, b) => b.equal - a.equal || b.score - a.score || a.start - b.start);
  if (best === undefined || windows.every(({ score }) => score <= 0)) return { kind: 'none', closest: null };
  const most = Math.max(1, Math.floor(telling.filter(Boolean).length / LINES_A_FAULT));
  const isEnough = best.equal >= 2 || (best.equal === 1 && best.heads === best.faults);
  if (!best.isPossible || best.faults > most || !isEnough || best.start + search.length > file.length)
    return { kind: 'none', closest: quote(file, nearest(windows).start, search.length) };
  const rivals = windows.filter((one) => one !== best && (one.isPossible || one.equal >= best.equal));
  if (second !== undefined && rivals.length > 0)
    return {
      kind: 'ambiguous',
      rung: 'similar',
      lines: [best, ...rivals.slice(0, MAX_PLACES)].map(({ start }) => start + 1).sort((a, b) => a - b),
    };
  return {
    kind: 'found',
    rung: 'similar',
    start: best.start,
    end: best.start + search.length,
    captured: [],
    blank: NO_BLANK,
  };
}

/** For people and models a window with a whole line in common is closer than one of vaguely alike lines. */
function nearest(windows: readonly Window[]): Window {
  return windows.reduce((a, b) => (b.equal > a.equal || (b.equal === a.equal && b.score > a.score) ? b : a));
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
