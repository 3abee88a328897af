import type { Rung } from '../schema';

/**
 * Finds where the SEARCH lines of a section stand in a file: the apply ladder of formats.md, first rung that matches wins.
 * Works on lines without their ends. Every rung but the last compares line by line; the last compares by the share of
 * equal lines and characters and needs a clear winner.
 */
export type Match =
  | { kind: 'found'; rung: Rung; start: number; end: number; indent: IndentShift | null; captured: string[][] }
  | { kind: 'ambiguous'; rung: Rung; lines: number[] }
  | { kind: 'none'; closest: { line: number; text: string } | null };

export interface IndentShift {
  /** Prefix the file's lines have more than the section's lines (or less, when `remove`). */
  text: string;
  remove: boolean;
}

/** A window must share this part of its lines to be taken as "the closest"; below it a guess would damage the file. */
const SIMILARITY_THRESHOLD = 0.85;
/** The best window must lead the second best by this much. */
const SIMILARITY_LEAD = 0.05;
/** Above this product of file and section lines the similarity rung is skipped: it is the only one that is not linear. */
const SIMILARITY_BUDGET = 4_000_000;

type Equal = (fileLine: string, searchLine: string) => boolean;

export function matchSection(file: string[], search: string[]): Match {
  const plain = tryRung(file, search, 'exact', (a, b) => a === b);
  if (plain !== null) return plain;
  const trailing = tryRung(file, search, 'trailing-space', (a, b) => a.trimEnd() === b.trimEnd());
  if (trailing !== null) return trailing;
  const shifted = matchIndented(file, search, 'indentation');
  if (shifted !== null) return shifted;
  const trimmed = trimBlank(search);
  if (trimmed.length > 0 && trimmed.length < search.length) {
    const blank = tryRung(file, trimmed, 'blank-lines', (a, b) => a.trimEnd() === b.trimEnd());
    if (blank !== null) return blank;
    const both = matchIndented(file, trimmed, 'blank-lines');
    if (both !== null) return both;
  }
  return matchElided(file, search) ?? matchSimilar(file, search);
}

function tryRung(file: string[], search: string[], rung: Rung, equal: Equal): Match | null {
  const starts = findAll(file, search, equal);
  const [start] = starts;
  if (start === undefined) return null;
  if (starts.length > 1) return { kind: 'ambiguous', rung, lines: starts.map((line) => line + 1) };
  return { kind: 'found', rung, start, end: start + search.length, indent: null, captured: [] };
}

/** All places where the lines stand; at most a handful are needed, so it stops at 20. */
function findAll(file: string[], search: string[], equal: Equal): number[] {
  const starts: number[] = [];
  if (search.length === 0 || search.every((line) => line.trim() === '')) return starts;
  for (let i = 0; i + search.length <= file.length && starts.length < 20; i++) {
    let j = 0;
    while (j < search.length && equal(file[i + j] ?? '', search[j] ?? '')) j++;
    if (j === search.length) starts.push(i);
  }
  return starts;
}

/** Every line shifted by the same leading white space. */
function matchIndented(file: string[], search: string[], rung: Rung): Match | null {
  const starts = findAll(file, search, (a, b) => a.trim() === b.trim());
  const hits: { start: number; indent: IndentShift }[] = [];
  for (const start of starts) {
    const indent = uniformShift(file.slice(start, start + search.length), search);
    if (indent !== null) hits.push({ start, indent });
  }
  const [hit] = hits;
  if (hit === undefined) return null;
  if (hits.length > 1) return { kind: 'ambiguous', rung, lines: hits.map(({ start }) => start + 1) };
  return { kind: 'found', rung, start: hit.start, end: hit.start + search.length, indent: hit.indent, captured: [] };
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
    if (/^\s*(\/\/|#|--|\/\*)?\s*(\.\.\.|…)\s*(\*\/)?\s*$/.test(line)) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  if (parts.length < 2 || parts.some((part) => trimBlank(part).length === 0)) return null;
  const equal: Equal = (a, b) => a.trimEnd() === b.trimEnd();
  const [head = [], ...rest] = parts;
  const starts = findAll(file, head, equal);
  const hits: { start: number; end: number; captured: string[][] }[] = [];
  for (const start of starts) {
    let at = start + head.length;
    const captured: string[][] = [];
    let complete = true;
    for (const part of rest) {
      const next = findAll(file.slice(at), part, equal)[0];
      if (next === undefined) {
        complete = false;
        break;
      }
      captured.push(file.slice(at, at + next));
      at += next + part.length;
    }
    if (complete) hits.push({ start, end: at, captured });
  }
  const [hit] = hits;
  if (hit === undefined) return null;
  if (hits.length > 1) return { kind: 'ambiguous', rung: 'elided', lines: hits.map(({ start }) => start + 1) };
  return { kind: 'found', rung: 'elided', indent: null, ...hit };
}

function matchSimilar(file: string[], search: string[]): Match {
  const wanted = search.map((line) => line.trim());
  if (wanted.every((line) => line === '') || file.length * search.length > SIMILARITY_BUDGET)
    return { kind: 'none', closest: null };
  const trimmed = file.map((line) => line.trim());
  let best = { score: -1, start: 0 };
  let second = -1;
  for (let start = 0; start + wanted.length <= Math.max(file.length, 1); start++) {
    let score = 0;
    for (let j = 0; j < wanted.length; j++) score += lineSimilarity(trimmed[start + j] ?? '', wanted[j] ?? '');
    score /= wanted.length;
    if (score > best.score) {
      if (start - best.start >= 1) second = Math.max(second, best.score);
      best = { score, start };
    } else second = Math.max(second, score);
  }
  if (best.score >= SIMILARITY_THRESHOLD && wanted.length >= 3) {
    if (best.score - second < SIMILARITY_LEAD) {
      return { kind: 'none', closest: quote(file, best.start, search.length) };
    }
    const end = best.start + search.length;
    return { kind: 'found', rung: 'similar', start: best.start, end, indent: null, captured: [] };
  }
  return { kind: 'none', closest: best.score > 0 ? quote(file, best.start, search.length) : null };
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

/** Dice coefficient over character pairs (Dice 1945), 1 for equal lines. */
function lineSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  if (a.length < 2 || b.length < 2 || a.length > 400 || b.length > 400) return 0;
  const pairs = new Map<string, number>();
  for (let i = 0; i < a.length - 1; i++) pairs.set(a.slice(i, i + 2), (pairs.get(a.slice(i, i + 2)) ?? 0) + 1);
  let shared = 0;
  for (let i = 0; i < b.length - 1; i++) {
    const pair = b.slice(i, i + 2);
    const left = pairs.get(pair) ?? 0;
    if (left > 0) {
      shared++;
      pairs.set(pair, left - 1);
    }
  }
  return (2 * shared) / (a.length + b.length - 2);
}
