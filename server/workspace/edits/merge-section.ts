import { alignLines, CHANGED, type Step } from './align-lines';
import { leading, levelShift, type Shift, stepOf, uniformShift, unitOf, withIndent } from './indentation';
import { comparer, sameWords } from './line-likeness';
import { quoted } from './markers';
import { mergeLine } from './merge-line';

/** Badly quoted lines that are looked for among the new ones. */
const MAX_MOVED = 50;

/** A written line, and the line of the window whose end it takes. */
export interface Written {
  text: string;
  from: number | null;
}

export interface Section {
  /** The lines of the file that were matched, as many as `search`, and all of its lines. */
  window: readonly string[];
  file: readonly string[];
  start: number;
  search: readonly string[];
  replace: readonly string[];
  /** Whether SEARCH stands in the file to the letter: then REPLACE is what was meant. */
  isExact: boolean;
}

/**
 * Applies only the difference between SEARCH and REPLACE (formats.md): a line equal in both keeps the file's own text, a
 * changed one keeps what the change does not touch. @returns the lines, or why it cannot be told what was meant
 */
export function mergeSection(section: Section): Written[] | string {
  const { search, replace, window, isExact } = section;
  const steps = alignLines(search, replace);
  if (isExact) return endsOf(steps).map(({ replace: r, from }) => ({ text: replace[r] ?? '', from }));
  const problem = lostText(section, steps) ?? movedText(section, steps);
  if (problem !== null) return problem;
  const results = new Map<string, Written[]>();
  let conflict: string | null = null;
  let isCertain = false;
  for (const reading of indentReadings(section, steps)) {
    const written = write(section, reading);
    if (typeof written === 'string') conflict ??= written;
    else if (written !== null) {
      results.set(written.map(({ text }) => text).join('\n'), written);
      isCertain ||= !reading.isDoubt;
    }
  }
  const [result, other] = results.values();
  if (result === undefined || other !== undefined || !isCertain)
    return (
      conflict ??
      'it cannot be told how the new lines are indented; quote the lines with the white space they have in the file'
    );
  const isSame = result.length === window.length && result.every(({ text }, i) => text === window[i]);
  if (isSame && !search.every((line, i) => line === replace[i]))
    return 'the lines stand in the file already as REPLACE has them';
  return isAmbiguous(section, steps)
    ? 'several of its lines are alike, and it cannot be told which of them changes; quote them exactly'
    : result;
}

/** A line that goes, although the file has other text there than was quoted. */
function lostText({ window, search, start }: Section, steps: readonly Step[]): string | null {
  for (const { search: s, replace } of steps) {
    if (s === null || replace !== null) continue;
    const [ours = '', base = ''] = [window[s], search[s]];
    if (!sameWords(ours, base)) return misquoted(start, window, search, s);
  }
  return null;
}

/** A new line that is alike to one that goes and was quoted badly: it may have moved, and what stays cannot be told. */
function movedText({ window, search, replace }: Section, steps: readonly Step[]): string | null {
  const own = ownTexts(search, window);
  const compare = comparer();
  const text = (line: string | undefined) => (line ?? '').slice(leading(line ?? '').length);
  const gone = steps.flatMap(({ search: s, replace: r }) => (s === null || r !== null ? [] : [s]));
  const misquotes = gone
    .filter((s) => text(search[s]) !== text(window[s]))
    .map((s) => text(search[s]).trim())
    .slice(0, MAX_MOVED);
  for (const { search: s, replace: r } of steps) {
    const theirs = r === null || search[s ?? -1] === replace[r] ? '' : (replace[r]?.trim() ?? '');
    if (theirs === '' || own.has(theirs)) continue;
    const from = misquotes.find((line) => compare(line, theirs) >= CHANGED);
    if (from !== undefined)
      return `${quoted(from)} may have moved and changed at once; quote it exactly as the file has it`;
  }
  return null;
}

function misquoted(start: number, window: readonly string[], search: readonly string[], i: number | null): string {
  const at = i ?? 0;
  return `line ${start + at + 1} of the file is ${quoted(window[at] ?? '')}, quoted as ${quoted(search[at] ?? '')}; quote it as it stands`;
}

/** A way to read the section's indentation: what SEARCH was meant to be, and how a new indentation maps to the file's. */
interface Reading {
  search: readonly string[];
  steps: readonly Step[];
  shift: Shift;
  /** Nothing was distorted, so nothing has to look right. */
  isSure: boolean;
  /** Only speaks against another reading. */
  isDoubt?: boolean;
}

function indentReadings({ window, search, replace, file }: Section, steps: readonly Step[]): Reading[] {
  const pairs = search.flatMap((line, i) =>
    line.trim() === '' ? [] : [{ from: leading(line), to: leading(window[i] ?? '') }],
  );
  const same: Shift = (indent) => indent;
  if (pairs.every(({ from, to }) => from === to)) return [{ search, steps, shift: same, isSure: true }];
  const shifts = [uniformShift(pairs), levelShift(pairs, stepOf([...search, ...replace]), unitOf(file))];
  const readings = shifts.flatMap((shift): Reading[] =>
    shift === null ? [] : [{ search, steps, shift, isSure: false }],
  );
  // The other way: only SEARCH lost the indentation, and REPLACE has the file's own.
  const meant = search.map((line, i) => withIndent(leading(window[i] ?? ''), line));
  const other = alignLines(meant, replace);
  const share = shareInFileIndent(other, meant, replace);
  if (share >= 0.5) {
    const lost = (step: Step) =>
      step.search !== null &&
      step.replace !== null &&
      leading(search[step.search] ?? '') !== leading(window[step.search] ?? '');
    // A line with the same wrong indentation in both says that REPLACE lost it too; a right one there, that it did not.
    const isLostToo = steps.some(
      (step) => lost(step) && leading(search[step.search ?? 0] ?? '') === leading(replace[step.replace ?? 0] ?? ''),
    );
    const isDoubt = share < 1 || isLostToo || !other.some(lost);
    readings.push({ search: meant, steps: other, shift: same, isSure: false, isDoubt });
  }
  return readings;
}

/** Which share of the lines that stay has the file's indentation in REPLACE; 0 when a new line goes below it. */
function shareInFileIndent(steps: readonly Step[], meant: readonly string[], replace: readonly string[]): number {
  const least = (lines: readonly string[]) =>
    lines.reduce((min, line) => (line.trim() === '' ? min : Math.min(min, leading(line).length)), 1000);
  const pairs = steps.filter(({ search, replace: r }) => search !== null && r !== null && replace[r]?.trim() !== '');
  const own = pairs.filter(
    ({ search: s, replace: r }) => leading(meant[s ?? 0] ?? '') === leading(replace[r ?? 0] ?? ''),
  );
  return pairs.length === 0 || least(replace) < least(meant) ? 0 : own.length / pairs.length;
}

/** Each written line with the line whose end it takes: the one it was, or the next that went. */
function endsOf(steps: readonly Step[]): { search: number | null; replace: number; from: number | null }[] {
  let gone: number[] = [];
  return steps.flatMap(({ search, replace }) => {
    if (search !== null && replace !== null) gone = [];
    else if (search !== null) gone.push(search);
    return replace === null ? [] : [{ search, replace, from: search ?? gone.shift() ?? null }];
  });
}

/** What the file has for each quoted text: a line that moved keeps its own text too. */
function ownTexts(search: readonly string[], window: readonly string[]): Map<string, string> {
  return new Map(search.map((line, i) => [line.trim(), (window[i] ?? '').slice(leading(window[i] ?? '').length)]));
}

/** A quoted line and the one that the file has for it. */
function pairAt(
  { window }: Section,
  search: readonly string[],
  i: number | null,
): { base: string; ours: string } | null {
  return i === null ? null : { base: search[i] ?? '', ours: window[i] ?? '' };
}

/** @returns null when the indentation does not work out by this reading, a text when a line conflicts */
function write(section: Section, reading: Reading): Written[] | null | string {
  const { window, replace, start, file } = section;
  const { search, steps } = reading;
  const written: Written[] = [];
  const unit = unitOf(file);
  let before = file.slice(0, start).findLast((line) => line.trim() !== '') ?? '';
  const own = ownTexts(search, window);
  let isNew = false;
  for (const { search: s, replace: r, from } of endsOf(steps)) {
    const theirs = replace[r] ?? '';
    const pair = pairAt(section, search, s);
    const text = pair === null ? (own.get(theirs.trim()) ?? theirs) : changedText(pair.base, pair.ours, theirs);
    if (text === null) return misquoted(start, window, search, s);
    const isKept = pair !== null && leading(pair.base) === leading(theirs);
    const indent = isKept ? leading(pair.ours) : reading.shift(leading(theirs));
    if (indent === null) return null;
    const line = withIndent(indent, text);
    if (!(reading.isSure || fits(before, line, { unit, isNew, isKept }))) return null;
    written.push({ text: line, from });
    if (line.trim() === '') continue;
    before = line;
    isNew = pair === null;
  }
  return written;
}

/** A changed line: what the file has there, with the change. Null when the file has other text where it changes. */
function changedText(base: string, ours: string, theirs: string): string | null {
  if (base === theirs) return ours;
  const [from, own, to] = [base, ours, theirs].map((line) => line.slice(leading(line).length));
  if (from === undefined || own === undefined || to === undefined) return null;
  const merged = mergeLine(from, own, to);
  if (merged !== null) return merged;
  return sameWords(from, own) ? to : null;
}

/** The end of a line after which the next one is deeper. */
const OPENER = /[{([:]\s*$/;
const CONTINUES = /[{([:,=>&|+\\?]\s*$|\b(?:then|do|else|begin|try)\s*$/;

interface Place {
  unit: string | null;
  /** The line before is new. */
  isNew: boolean;
  /** This one has the indentation it has in the file. */
  isKept: boolean;
}

/** A line goes deeper than the one before by one level, only after a line that opens something, and always in a new block. */
function fits(before: string, line: string, { unit, isNew, isKept }: Place): boolean {
  const opened = OPENER.test(before) && (isNew || !isKept);
  if (line.trim() === '' || (isKept && !opened)) return true;
  const [from, to] = [leading(before), leading(line)];
  if (to === from || from.startsWith(to)) return !opened || /^\s*(?:[)\]}]|end\b)/.test(line);
  return unit !== null && to === from + unit && CONTINUES.test(before);
}

/** Whether another pairing of equal lines gives another text: then it is chance which one is right. */
function isAmbiguous(section: Section, steps: readonly Step[]): boolean {
  const { window, search, replace } = section;
  const last = (lines: readonly string[], i: number | null) => (i === null ? null : lines.length - 1 - i);
  const other = alignLines([...search].reverse(), [...replace].reverse())
    .reverse()
    .map((step) => ({ search: last(search, step.search), replace: last(replace, step.replace) }));
  const kept = (all: readonly Step[]) =>
    all
      .map(({ search: s, replace: r }) => (r === null ? '' : `${r} ${s === null ? '' : `${search[s]}\n${window[s]}`}`))
      .join('\n');
  return (
    kept(steps) !== kept(other) &&
    kept(steps.filter(({ replace: r }) => r !== null)) !== kept(other.filter(({ replace: r }) => r !== null))
  );
}
