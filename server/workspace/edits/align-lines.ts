import { diffArrays } from 'diff';
import { comparer } from './line-likeness';

/** A line of SEARCH, of REPLACE, or of both when one became the other. */
export interface Step {
  search: number | null;
  replace: number | null;
}

/** Below this a removed and an added line are two lines, not one that was changed. */
export const CHANGED = 0.5;
/** Pairs compared in one changed stretch; beyond it the lines count as removed and added. */
const MAX_PAIRS = 10_000;
const MAX_EDITS = 2_000;

/** Which line of SEARCH became which of REPLACE: equal lines by their difference, changed ones by likeness, in order. */
export function alignLines(search: readonly string[], replace: readonly string[]): Step[] {
  const steps: Step[] = [];
  const removed: number[] = [];
  const added: number[] = [];
  const flush = () => {
    steps.push(...pairUp(search, replace, removed, added));
    removed.length = 0;
    added.length = 0;
  };
  let s = 0;
  let r = 0;
  const parts = diffArrays([...search], [...replace], { maxEditLength: MAX_EDITS });
  if (parts === undefined)
    return [
      ...search.map((_, i) => ({ search: i, replace: null })),
      ...replace.map((_, i) => ({ search: null, replace: i })),
    ];
  for (const part of parts) {
    if (!part.added && !part.removed) flush();
    for (const _ of part.value) {
      if (part.added) added.push(r++);
      else if (part.removed) removed.push(s++);
      else steps.push({ search: s++, replace: r++ });
    }
  }
  flush();
  return steps;
}

/** The pairs with the most likeness in total that keep the order (dynamic programming, as for a longest common subsequence). */
function pairUp(
  search: readonly string[],
  replace: readonly string[],
  removed: readonly number[],
  added: readonly number[],
): Step[] {
  const rows = removed.map((i) => search[i] ?? '');
  const columns = added.map((i) => replace[i] ?? '');
  if (rows.length * columns.length === 0 || rows.length * columns.length > MAX_PAIRS)
    return [...removed.map((i) => ({ search: i, replace: null })), ...added.map((i) => ({ search: null, replace: i }))];
  const likeness = likenessOf(rows, columns);
  const best = bestSums(rows.length, columns.length, likeness);
  const at = (i: number, j: number) => best[i]?.[j] ?? 0;
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < rows.length || j < columns.length) {
    const pair = i < rows.length && j < columns.length ? likeness(i, j) : 0;
    if (pair > 0 && at(i, j) === pair + at(i + 1, j + 1))
      steps.push({ search: removed[i++] ?? 0, replace: added[j++] ?? 0 });
    else if (i < rows.length && (j === columns.length || at(i, j) === at(i + 1, j)))
      steps.push({ search: removed[i++] ?? 0, replace: null });
    else steps.push({ search: null, replace: added[j++] ?? 0 });
  }
  return steps;
}

/** The largest sum of likeness from each row and column on. */
function bestSums(rows: number, columns: number, likeness: (i: number, j: number) => number): Float64Array[] {
  const best = Array.from({ length: rows + 1 }, () => new Float64Array(columns + 1));
  for (let i = rows - 1; i >= 0; i--) {
    const [row, next] = [best[i], best[i + 1]];
    if (row === undefined || next === undefined) continue;
    for (let j = columns - 1; j >= 0; j--) {
      const pair = likeness(i, j);
      row[j] = Math.max(next[j] ?? 0, row[j + 1] ?? 0, pair === 0 ? 0 : pair + (next[j + 1] ?? 0));
    }
  }
  return best;
}

/** 2 for the same text at another indentation, the Dice coefficient for alike lines, else 0. */
function likenessOf(left: readonly string[], right: readonly string[]): (i: number, j: number) => number {
  const compare = comparer();
  const [a, b] = [left, right].map((lines) => lines.map((line) => line.trim()));
  return (i, j) => {
    const [one = '', other = ''] = [a?.[i], b?.[j]];
    if (one === other) return 2;
    const alike = compare(one, other);
    return alike >= CHANGED ? alike : 0;
  };
}
