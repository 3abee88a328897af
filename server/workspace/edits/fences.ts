/** Fences: where one opens, ends, and whether another stands inside. */
import { firstMarker, markerOf } from './markers';
import { findEnd } from './read-sections';
import { isEndToken } from './thinking';

export interface Fence {
  mark: string;
  info: string;
}

const OPEN = /^(`{3,})([^`]*)$/;
/** A fence this format does not have: of other signs, indented, quoted, or behind the mark of a list. */
const ODD =
  /^([\s\u200b\u2060>]*(?:(?:[-*+]|\d{1,3}[.)])\s+)?)((?:`{3,}|~{3,}|´{3,}|｀{3,}|'{3,})(?![`~´｀'])|``(?=\w*$))([^`]*)$/;
const MARGIN = /^[\s\u200b\u2060>]+/;
/** Lines looked at for the first marker of a block. */
const HEAD = 20;

export function fenceOf(line: string): Fence | null {
  const [, mark, info = ''] = OPEN.exec(line) ?? [];
  return mark === undefined ? null : { mark, info: info.trim() };
}

/** The fence ends at the first line that holds only a fence of the same length. @returns -1 without one */
function plainClose(lines: readonly string[], from: number, mark: string): number {
  for (let i = from; i < lines.length; i++) if (isClose(lines[i] ?? '', mark)) return i;
  return -1;
}

function isClose(line: string, mark: string): boolean {
  if (!line.startsWith(mark)) return false;
  const rest = line.slice(mark.length).trim();
  return rest === '' || isEndToken(rest);
}

/** Where a block ends. In a patch the markers tell: a fence inside of a section is text. */
export function findClose(lines: readonly string[], from: number, mark: string): { end: number; marked: boolean } {
  const plain = plainClose(lines, from, mark);
  const head = lines.slice(from, Math.min(from + HEAD, plain < 0 ? from + HEAD : plain));
  const first = firstMarker(head);
  if (first < 0) return { end: plain, marked: false };
  let at = from + first;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (isClose(line, mark)) return { end: at, marked: true };
    const marker = markerOf(line);
    if (marker?.kind !== 'search' || !marker.opens) continue;
    const end = findEnd(lines, at + 1, marker.width);
    if (end < 0) break;
    at = end;
  }
  return { end: plain, marked: true };
}

/** Whether a fence of the same length opens inside: then the first end is that one's. */
export function isHeld(lines: readonly string[], from: number, to: number, mark: string): boolean {
  for (let i = from; i < to; i++) if (opens(lines[i] ?? '', mark)) return true;
  return false;
}

function opens(line: string, mark: string): boolean {
  const fence = fenceOf(line);
  return fence?.mark === mark && fence.info !== '' && !isEndToken(fence.info);
}

/** Where a block with fences inside really ends, so that the blocks after it are read; -1 when it cannot be told. */
export function findNestedClose(lines: readonly string[], from: number, mark: string): number {
  let depth = 1;
  for (let i = from; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (opens(line, mark)) depth++;
    else if (isClose(line, mark)) depth--;
    if (depth === 0) return i;
  }
  return -1;
}

export interface OddFence extends Fence {
  end: number;
  closed: boolean;
}

/** A fence of another kind that begins at a line, and where it ends or stops being one. */
export function oddFence(lines: readonly string[], i: number): OddFence | null {
  const [, indent = '', mark, info = ''] = ODD.exec(lines[i] ?? '') ?? [];
  if (mark === undefined) return null;
  const closes = (line: string) => line.replace(MARGIN, '').trimEnd() === mark && (indent === '' || MARGIN.test(line));
  let end = i + 1;
  for (; end < lines.length; end++) {
    const other = lines[end] ?? '';
    if (closes(other) || (indent !== '' && other.startsWith('```'))) break;
  }
  return { mark, info: info.trim(), end, closed: closes(lines[end] ?? '') };
}
