import { diffArrays } from 'diff';

/** Longer lines are not taken apart. */
const MAX_LINE = 2000;
const TOKEN = /[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu;

/**
 * Carries the change from `base` to `theirs` over to `ours`, token by token: a three-way merge (as diff3 does with lines;
 * Khanna, Kunal, Pierce 2007). @returns null when both changed the same tokens in different ways.
 */
export function mergeLine(base: string, ours: string, theirs: string): string | null {
  if (base === ours || ours === theirs) return theirs;
  if (base === theirs) return ours;
  if (Math.max(base.length, ours.length, theirs.length) > MAX_LINE) return null;
  const tokens = tokensOf(base);
  const left = changesOf(tokens, tokensOf(ours));
  const right = changesOf(tokens, tokensOf(theirs));
  const merged: string[] = [];
  let at = 0;
  while (left.length > 0 || right.length > 0) {
    const [mine] = left;
    const [other] = right;
    const both = mine !== undefined && other !== undefined && touches(mine, other);
    if (both && !(mine.from === other.from && mine.to === other.to && mine.text === other.text)) return null;
    const next = mine === undefined || (other !== undefined && other.from < mine.from) ? other : mine;
    if (next === undefined) return null;
    merged.push(tokens.slice(at, next.from).join(''), next.text);
    at = next.to;
    if (both || next === mine) left.shift();
    if (both || next === other) right.shift();
  }
  merged.push(tokens.slice(at).join(''));
  return merged.join('');
}

interface Change {
  from: number;
  to: number;
  text: string;
}

/** Replacements of neighbouring tokens are apart; an insertion at the edge of another change is not. */
function touches(a: Change, b: Change): boolean {
  if (a.from === a.to || b.from === b.to) return a.from <= b.to && b.from <= a.to;
  return a.from < b.to && b.from < a.to;
}

function tokensOf(line: string): string[] {
  return line.match(TOKEN) ?? [];
}

function changesOf(base: string[], other: string[]): Change[] {
  const changes: Change[] = [];
  let at = 0;
  let open: Change | null = null;
  for (const part of diffArrays(base, other)) {
    if (!part.added && !part.removed) {
      open = null;
      at += part.value.length;
      continue;
    }
    if (open === null) {
      open = { from: at, to: at, text: '' };
      changes.push(open);
    }
    if (part.removed) {
      at += part.value.length;
      open.to = at;
    } else open.text += part.value.join('');
  }
  return changes;
}
