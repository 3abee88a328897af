/**
 * Reads the edit format (formats.md): prose, and blocks of a path line followed by a fence. One pass over the lines, so
 * any input takes linear time; an unfinished block is reported, never returned as a block.
 */

import { pathMeant, pathOf } from './path-line';
import { readSections, SEARCH, type SearchReplace } from './read-sections';

export type { SearchReplace };

export type EditBlock =
  | { kind: 'write'; path: string; content: string }
  | { kind: 'patch'; path: string; sections: SearchReplace[] }
  | { kind: 'delete'; path: string }
  | { kind: 'rename'; path: string; to: string };

export interface ParsedReply {
  prose: string;
  blocks: EditBlock[];
  /** Path of the block the reply broke off in, or null. */
  unfinished: string | null;
  /** Blocks whose inside made no sense (a SEARCH without REPLACE in a closed fence). */
  malformed: { path: string; message: string }[];
}

const FENCE_OPEN = /^(`{3,})([^`]*)$/;
/** A fence this format does not have: of tildes, indented, or behind the mark of a list. */
const ODD_FENCE = /^( *(?:(?:[-*+]|\d{1,3}[.)]) +)?)(`{3,}|~{3,})([^`]*)$/;
const DELETE = /^<{5,9} DELETE\s*$/;
const RENAME = /^<{5,9} RENAME (\S.*)$/;
const MARKDOWN = /\.(?:md|mdx|markdown|rst|adoc|txt)$/i;
const LONGER = 'use a longer fence around a file that holds fences itself';

/** One pass over a reply. */
interface Reading {
  lines: string[];
  prose: string[];
  result: ParsedReply;
  /** The last block that was read, while what follows can still show that it was cut short. */
  last: { path: string; fence: string; end: number } | null;
  /** Up to which line an odd fence of this mark has no end: each line is searched once. */
  openUntil: Map<string, number>;
  /** A search for the end of a nested fence ran to the end of the reply: no second one. */
  searched: boolean;
}

export function parseReply(text: string): ParsedReply {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const result: ParsedReply = { prose: '', blocks: [], unfinished: null, malformed: [] };
  const prose: string[] = [];
  const reading: Reading = { lines, prose, result, last: null, openUntil: new Map(), searched: false };
  let i = 0;
  while (i < lines.length && result.unfinished === null) {
    const line = lines[i] ?? '';
    const [, fence, info = ''] = FENCE_OPEN.exec(line) ?? [];
    if (fence === undefined) i = readProse(reading, i, line);
    else i = readFence(reading, i, fence, info.trim());
  }
  result.prose = prose
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  return result;
}

/** A line outside of a fence, or a whole fence of another kind. @returns the line to go on with */
function readProse(reading: Reading, i: number, line: string): number {
  const { lines, prose, result, openUntil } = reading;
  const [, indent = '', mark, info = ''] = ODD_FENCE.exec(line) ?? [];
  if (mark === undefined || i < (openUntil.get(mark) ?? 0)) {
    prose.push(line);
    return i + 1;
  }
  let end = i + 1;
  for (; end < lines.length; end++) {
    const other = lines[end] ?? '';
    if (other.trim() === mark && (indent === '' || other.startsWith(' '))) break;
    if (indent !== '' && other.startsWith('```')) break;
  }
  const closed = lines[end]?.trim() === mark && (indent === '' || lines[end]?.startsWith(' '));
  const path = pathMeant(lineBefore(prose), info);
  if (path !== null)
    result.malformed.push({ path, message: 'the block needs a fence of backticks at the start of its line' });
  if (!closed) openUntil.set(mark, end);
  const next = closed ? end + 1 : i + 1;
  for (const skipped of lines.slice(i, next)) prose.push(skipped);
  return next;
}

/** @returns the line to go on with */
function readFence(reading: Reading, i: number, fence: string, info: string): number {
  const { lines, prose, result } = reading;
  const before = lines[i - 1] ?? '';
  const path = takePath(prose);
  const end = findClose(lines, i + 1, fence);
  if (path === null) return readExample(reading, i, end, { fence, info, meant: pathMeant(before, info) });
  if (end < 0) {
    result.unfinished = path;
    return lines.length;
  }
  if (holdsFence(lines, i + 1, end, fence)) {
    result.malformed.push({ path, message: `the block holds a fence as long as its own; ${LONGER}` });
    reading.last = null;
    return closeNested(reading, i + 1, end, fence) + 1;
  }
  const previous = result.blocks.at(-1);
  const doubtful = previous?.kind === 'write' && MARKDOWN.test(previous.path) && !isEdit(lines, i + 1, end);
  if (info === '' && doubtful && goesOn(reading, fence)) {
    refuseLast(reading);
    result.malformed.push({ path, message: `it cannot be told whether this is a block of its own; ${LONGER}` });
    return end + 1;
  }
  readBlock(path, lines.slice(i + 1, end), result);
  reading.last = { path, fence, end };
  return end + 1;
}

interface Example {
  fence: string;
  info: string;
  /** The path that the line right before may mean. */
  meant: string | null;
}

/** A fence without a path is prose (an example, a command to run), unless it shows that something else is wrong. */
function readExample(reading: Reading, i: number, end: number, { fence, info, meant }: Example): number {
  const { lines, prose, result, last } = reading;
  const stray = info === '' && last?.fence === fence;
  // A fence alone and then a block: the fence is the end of the block before, which was cut at a fence of its own.
  if (stray && end >= 0 && holdsFence(lines, i + 1, end, fence)) {
    refuseLast(reading);
    prose.push(lines[i] ?? '');
    return i + 1;
  }
  const until = end < 0 ? lines.length : end + 1;
  for (const skipped of lines.slice(i, until)) prose.push(skipped);
  if (meant !== null)
    result.malformed.push({
      path: meant,
      message: `the line before the block must be the path alone, as "File: ${meant}"`,
    });
  // An edit whose path line is missing must not be lost among the prose.
  else if (end >= 0 && isEdit(lines, i + 1, end))
    result.malformed.push({
      path: '',
      message: `the block at line ${i + 1} of the answer has no path line before it`,
    });
  else if (last?.fence === fence && (end < 0 || (stray && goesOn(reading, fence)))) refuseLast(reading);
  return until;
}

/** Whether text stands right after the last block: its end may have been the start of a fence inside of the file. */
function goesOn({ lines, last }: Reading, fence: string): boolean {
  return last !== null && last.fence === fence && (lines[last.end + 1] ?? '').trim() !== '';
}

/** Takes back the last block: a fence that follows belongs to it, so it was cut short. */
function refuseLast(reading: Reading): void {
  const { result, last } = reading;
  if (last === null) return;
  reading.last = null;
  if (result.blocks.at(-1)?.path === last.path) result.blocks.pop();
  result.malformed.push({ path: last.path, message: `a fence without a partner follows the block; ${LONGER}` });
}

/** The fence ends at the first line that holds only a fence of the same length. */
function findClose(lines: string[], from: number, fence: string): number {
  for (let i = from; i < lines.length; i++) {
    if ((lines[i] ?? '').trimEnd() === fence) return i;
  }
  return -1;
}

/** Whether a fence of the same length opens inside: then the first end is that one's. */
function holdsFence(lines: string[], from: number, to: number, fence: string): boolean {
  for (let i = from; i < to; i++) if (opens(lines[i] ?? '', fence)) return true;
  return false;
}

function opens(line: string, fence: string): boolean {
  const [, mark, info = ''] = FENCE_OPEN.exec(line) ?? [];
  return mark === fence && info.trim() !== '';
}

/** Where a block with fences inside really ends, so that the blocks after it are read; `end` when it cannot be told. */
function closeNested(reading: Reading, from: number, end: number, fence: string): number {
  if (reading.searched) return end;
  let depth = 1;
  for (let i = from; i < reading.lines.length; i++) {
    const line = reading.lines[i] ?? '';
    if (opens(line, fence)) depth++;
    else if (line.trimEnd() === fence) depth--;
    if (depth === 0) return i;
  }
  reading.searched = true;
  return end;
}

function lineBefore(prose: string[]): string {
  return prose.at(-1) ?? '';
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

/** Whether the first line with text in a fence opens an edit. */
function isEdit(lines: string[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const line = lines[i] ?? '';
    if (line.trim() !== '') return SEARCH.test(line) || DELETE.test(line) || RENAME.test(line);
  }
  return false;
}

function readBlock(path: string, body: string[], result: ParsedReply): void {
  const first = body.findIndex((line) => line.trim() !== '');
  const lead = body[first] ?? '';
  const meaningful = body.filter((line) => line.trim() !== '').length;
  const rename = RENAME.exec(lead)?.[1]?.trim();
  if (meaningful === 1 && DELETE.test(lead)) {
    result.blocks.push({ kind: 'delete', path });
  } else if (meaningful === 1 && rename !== undefined) {
    result.blocks.push({ kind: 'rename', path, to: rename });
  } else if (SEARCH.test(lead)) {
    const sections = readSections(body);
    if (typeof sections === 'string') result.malformed.push({ path, message: sections });
    else result.blocks.push({ kind: 'patch', path, sections });
  } else {
    result.blocks.push({ kind: 'write', path, content: body.length === 0 ? '' : `${body.join('\n')}\n` });
  }
}
