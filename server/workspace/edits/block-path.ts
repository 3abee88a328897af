/** Which file the block of a fence is about. */
import type { Fence } from './fences';
import { firstMarker, markerOf } from './markers';
import { announcesExample, isBarePath, isExcerpt, isShell, pathInComment, pathOf, pathOfInfo } from './path-line';
import { pathOfDiff } from './unified-diff';

/** So many lines may stand between a path and its fence for the path to be missed. */
const NEAR = 6;

/** The answer, and the prose up to the fence. */
export interface Place {
  lines: readonly string[];
  prose: string[];
}

export interface Named {
  path: string;
  /** Lines of the body that only name the path. */
  skip: number;
  onlyNew: boolean;
  problem?: string;
}

/** The path of a block: before its fence, in what the fence says, or inside. A path before and another within is refused. */
export function findPath({ lines, prose }: Place, i: number, end: number, open: Fence): Named | null {
  const about = lines[textBefore(lines, i)] ?? '';
  const before = takePath(prose);
  const says = pathOfInfo(open.info);
  const here = { skip: 0, onlyNew: false };
  if (before !== null && says !== null && says !== before && !before.endsWith(`/${says}`))
    return {
      ...here,
      path: before,
      problem: `line ${i + 1} of the answer names ${says}, the line before it ${before}`,
    };
  const path = before ?? says;
  if (isExcerpt(open.info) && path !== null)
    return {
      ...here,
      path,
      problem: `line ${i + 1} of the answer quotes a part of ${path}; change it by SEARCH and REPLACE`,
    };
  const body = lines.slice(i + 1, Math.max(end, i + 1));
  const named = path !== null ? { ...here, path } : end < 0 ? null : pathInside(body, open.info, about);
  const second = named === null ? null : secondPath(body, open.info, named.path);
  return named === null || second === null
    ? named
    : {
        ...named,
        problem: `the block at line ${i + 1} of the answer holds ${named.path} and ${second}; give each file a block of its own`,
      };
}

/** A body whose first line names its path in a comment may name another further down: two files in one fence. */
function secondPath(body: readonly string[], info: string, path: string): string | null {
  const first = body.findIndex((line) => line.trim() !== '');
  if (pathInComment(body[first] ?? '', info) !== path || firstMarker(body) >= 0) return null;
  for (let i = first + 2; i < body.length; i++) {
    if (body[i - 1]?.trim() !== '') continue;
    const other = pathInComment(body[i] ?? '', info);
    if (other !== null && other !== path && other.includes('/')) return other;
  }
  return null;
}

function pathInside(body: readonly string[], info: string, about: string): Named | null {
  const first = body.findIndex((line) => line.trim() !== '');
  const line = body[first] ?? '';
  const marker = firstMarker(body);
  const comment = pathInComment(line, info);
  if (marker >= 0) {
    const path =
      comment ?? (isBarePath(line) ? pathOf(line) : null) ?? pathOf(markerOf(body[marker] ?? '')?.tail ?? '');
    const isTail = comment === null && !isBarePath(line);
    return path === null || markerOf(body[marker] ?? '')?.kind === 'rename'
      ? null
      : { path, skip: isTail ? 0 : first + 1, onlyNew: false };
  }
  if (comment !== null && !announcesExample(about)) return { path: comment, skip: first + 1, onlyNew: true };
  const diff = pathOfDiff(body);
  return diff !== null && body.some((one) => one.startsWith('@@')) ? { path: diff, skip: 0, onlyNew: false } : null;
}

/** A bare path above code, which is no code itself. */
export function isNamedInside(body: readonly string[], info: string): boolean {
  const [first = '', second = ''] = body;
  return info !== '' && !isShell(info) && isBarePath(first) && second.trim() !== '' && !isBarePath(second);
}

/** A path line further up that no fence took. */
export function missedPath({ prose, proseFrom }: Place & { proseFrom: number }, info: string): string | null {
  if (info === '' || isShell(info)) return null;
  for (const line of prose.slice(Math.max(proseFrom, prose.length - NEAR))) {
    const path = isBarePath(line) || /^\s*(?:`|\*\*|#)/.test(line) ? pathOf(line) : null;
    if (path !== null) return path;
  }
  return null;
}

export function textAfter(lines: readonly string[], i: number): number {
  let at = i + 1;
  while (at < lines.length && lines[at]?.trim() === '') at++;
  return at;
}

export function textBefore(lines: readonly string[], i: number): number {
  let at = i - 1;
  while (at > 0 && lines[at]?.trim() === '') at--;
  return at;
}

/** Takes the path line off the end of the prose; null when the last line is not one. */
function takePath(prose: string[]): string | null {
  let last = prose.length - 1;
  if ((prose[last] ?? '').trim() === '' && last > 0) last--;
  const path = pathOf(prose[last] ?? '');
  if (path === null) return null;
  prose.length = last;
  return path;
}
