/**
 * Reads the edit format (formats.md): prose, and blocks of a path line followed by a fence. One pass over the lines, so
 * any input takes linear time; an unfinished block is reported, never returned as a block, and every fence is counted.
 */

import { findPath, isNamedInside, missedPath, type Named, textAfter, textBefore } from './block-path';
import { type Fence, fenceOf, findClose, findNestedClose, isHeld, oddFence } from './fences';
import { firstMarker } from './markers';
import { deedOf, mentionsOf } from './mentions';
import { editWithoutPath, strayEdit } from './patch-likeness';
import { announcesExample, pathMeant, pathOf } from './path-line';
import { type EditBlock, readBlock } from './read-block';
import type { SearchReplace } from './read-sections';
import { lineBefore, type ParsedReply, pass, type Reading, refuse } from './reading';
import { isStrayEnd, skipThinking, startOfAnswer, withoutEndTokens } from './thinking';

export type { EditBlock, ParsedReply, SearchReplace };

const MARKDOWN = /\.(?:md|mdx|markdown|rst|adoc|txt)$/i;
const LONGER = 'use a longer fence around a file that holds fences itself';

export function parseReply(text: string): ParsedReply {
  const lines = withoutEndTokens(text)
    .replaceAll('\r\r\n', '\n')
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n')
    .split('\n');
  const result: ParsedReply = { prose: '', blocks: [], unfinished: null, malformed: [], examples: 0, mentions: [] };
  const start = startOfAnswer(lines);
  result.examples += start.drafts;
  const reading: Reading = {
    lines,
    prose: [],
    proseFrom: 0,
    result,
    last: null,
    openUntil: new Map(),
    endless: new Set(),
    given: new Map(),
    outerEnd: -1,
    strayIn: -1,
  };
  let i = start.line;
  while (i < lines.length && result.unfinished === null) i = i === reading.outerEnd ? i + 1 : readLine(reading, i);
  result.prose = reading.prose
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  return result;
}

/** @returns the line to go on with */
function readLine(reading: Reading, i: number): number {
  const line = reading.lines[i] ?? '';
  const thinking = skipThinking(reading.lines, i);
  if (thinking !== null) {
    reading.result.examples += thinking.drafts;
    if (!thinking.ended) refuse(reading, '', `the thinking that begins at line ${i + 1} of the answer has no end`);
    return thinking.next;
  }
  const fence = fenceOf(line);
  return fence === null ? readProse(reading, i, line) : readFence(reading, i, fence);
}

/** A line outside of a fence, or a whole fence of another kind. @returns the line to go on with */
function readProse(reading: Reading, i: number, line: string): number {
  const { lines, prose, openUntil } = reading;
  const odd = oddFence(lines, i);
  if (odd === null || i < (openUntil.get(odd.mark) ?? 0)) {
    checkProse(reading, i, line);
    prose.push(line);
    return i + 1;
  }
  const path = pathMeant(lineBefore(prose).replace(/^[\s>]+/, ''), odd.info);
  if (path !== null)
    refuse(
      reading,
      path,
      `the block at line ${i + 1} of the answer needs a fence of backticks at the start of its line`,
    );
  else if (odd.closed && firstMarker(lines.slice(i + 1, odd.end)) >= 0)
    refuse(
      reading,
      '',
      `the block at line ${i + 1} of the answer needs a path line and a fence of backticks at the start of its line`,
    );
  else if (odd.closed) reading.result.examples++;
  if (!odd.closed) openUntil.set(odd.mark, odd.end);
  return pass(reading, i, odd.closed ? odd.end + 1 : i + 1);
}

/** A part of an edit that stands in no fence must not be lost among the prose. */
function checkProse(reading: Reading, i: number, line: string): void {
  const stray = isStrayEnd(line) ? 'the thinking that ends here has no beginning' : strayEdit(line);
  if (stray !== null && reading.strayIn !== reading.proseFrom) {
    reading.strayIn = reading.proseFrom;
    refuse(reading, pathMeant(lineBefore(reading.prose), '') ?? '', `line ${i + 1} of the answer: ${stray}`);
  }
  const deeds = deedOf(line, i + 1);
  if (deeds.length > 0 && fenceOf(reading.lines[textAfter(reading.lines, i)] ?? '') === null)
    reading.result.mentions.push(...deeds);
}

/** @returns the line to go on with */
function readFence(reading: Reading, i: number, open: Fence): number {
  const { lines, result, endless } = reading;
  const key = open.mark;
  const found = endless.has(key) ? { end: -1, marked: false } : findClose(lines, i + 1, open.mark);
  if (found.end < 0) endless.add(key);
  if (unwrapAnswer(reading, i, open)) return i + 1;
  const meant = pathMeant(lines[i - 1] ?? '', open.info);
  const named = findPath(reading, i, found.end, open);
  if (named === null) return readExample(reading, i, found.end, { ...open, meant });
  const { path } = named;
  if (named.problem !== undefined) {
    refuse(reading, path, named.problem);
    return found.end < 0 ? lines.length : found.end + 1;
  }
  if (found.end < 0) {
    result.unfinished = path;
    return lines.length;
  }
  if (!found.marked && isHeld(lines, i + 1, found.end, open.mark)) {
    refuse(reading, path, `the block at line ${i + 1} of the answer holds a fence as long as its own; ${LONGER}`);
    reading.last = null;
    const end = endless.has(`nested ${key}`) ? -1 : findNestedClose(lines, i + 1, open.mark);
    if (end < 0) endless.add(`nested ${key}`);
    return (end < 0 ? found.end : end) + 1;
  }
  const previous = result.blocks.at(-1);
  const doubtful = previous?.kind === 'write' && MARKDOWN.test(previous.path) && !found.marked;
  if (open.info === '' && doubtful && goesOn(reading, open.mark)) {
    refuseLast(reading);
    refuse(reading, path, `it cannot be told whether line ${i + 1} of the answer begins a block of its own; ${LONGER}`);
    return found.end + 1;
  }
  addBlock(reading, i, found.end, { ...named, open });
  return found.end + 1;
}

function addBlock(
  reading: Reading,
  i: number,
  end: number,
  { path, skip, onlyNew, open }: Named & { open: Fence },
): void {
  const { lines, result } = reading;
  const read = readBlock({ path, lines: lines.slice(i + 1 + skip, end), at: i + 2 + skip }, open.info);
  if (typeof read === 'string') {
    refuse(reading, path, read);
    reading.last = null;
    return;
  }
  // A second whole file would drop in silence what the first block brought.
  const [whole] = read.flatMap((block) => (block.kind === 'write' ? [block.content] : []));
  const earlier = reading.given.get(path);
  const isOther =
    whole === undefined ? read[0]?.kind === 'delete' && earlier?.content !== null : whole !== earlier?.content;
  if (earlier !== undefined && isOther)
    return refuse(
      reading,
      path,
      `${path} is given twice, at lines ${earlier.line} and ${i + 1} of the answer; give it once`,
    );
  reading.given.set(path, { line: i + 1, content: read[0]?.kind === 'delete' ? null : whole });
  for (const block of read) result.blocks.push(onlyNew && block.kind === 'write' ? { ...block, onlyNew } : block);
  reading.last = { path, fence: open.mark, info: open.info, end, blocks: read.length };
  reading.proseFrom = reading.prose.length;
}

interface Example extends Fence {
  /** The path that the line right before may mean. */
  meant: string | null;
}

/** A fence without a path is prose (an example, a command to run), unless it shows that something else is wrong. */
function readExample(reading: Reading, i: number, end: number, { mark, info, meant }: Example): number {
  const { lines, result, last } = reading;
  const stray = info === '' && last?.fence === mark;
  // A fence alone and then a block: the fence is the end of the block before, which was cut at a fence of its own.
  if (stray && end >= 0 && isHeld(lines, i + 1, end, mark)) {
    refuseLast(reading);
    return pass(reading, i, i + 1);
  }
  const where = `the block at line ${i + 1} of the answer`;
  const about = lines[textBefore(lines, i)] ?? '';
  const missed = announcesExample(about) ? null : missedPath(reading, info);
  const body = lines.slice(i + 1, Math.max(end, i + 1));
  const edit = announcesExample(about) ? null : editWithoutPath(body, info);
  if (meant !== null)
    refuse(reading, meant, `${where}: the line before it must be the path alone, as "File: ${meant}"`);
  // An edit whose path line is missing must not be lost among the prose.
  else if (firstMarker(body) >= 0) refuse(reading, '', `${where} has no path line before it`);
  else if (last?.fence === mark && (end < 0 || (stray && goesOn(reading, mark)))) refuseLast(reading);
  else if (edit !== null) refuse(reading, '', `${where} ${edit}`);
  else if (isContinued(reading, i, info))
    refuse(reading, last?.path ?? '', `${where} goes on with ${last?.path}; give the file in one block`);
  else if (missed !== null && body.length > 0)
    refuse(reading, missed, `${where}: text stands between it and its path line`);
  else if (isNamedInside(body, info))
    refuse(reading, body[0]?.trim() ?? '', `${where} has its path inside; write it before the fence`);
  else {
    const headings = reading.prose.slice(reading.proseFrom);
    result.mentions.push(...mentionsOf(body, { line: i + 1, info, about, headings }));
    result.examples++;
  }
  const next = pass(reading, i, end < 0 ? i + 1 : end + 1);
  reading.proseFrom = reading.prose.length;
  return next;
}

/** A second fence of the same language right after a block: the file may have been cut in two. */
function isContinued({ lines, last }: Reading, i: number, info: string): boolean {
  if (last === null || info === '' || info !== last.info) return false;
  const before = textBefore(lines, i);
  return (
    before === last.end ||
    ((lines[before]?.length ?? 0) < 80 && /\bcont(?:inued?|inues|'d|\.)|\brest of\b/i.test(lines[before] ?? ''))
  );
}

/** An answer that stands in one fence as a whole: its first line is a path line, the next a fence. */
function unwrapAnswer(reading: Reading, i: number, { mark, info }: Fence): boolean {
  const { lines, outerEnd } = reading;
  if (outerEnd >= 0 || !/^(?:md|markdown|te?xt)?$/i.test(info) || pathOf(lineBefore(reading.prose)) !== null)
    return false;
  const first = textAfter(lines, i);
  const inner = fenceOf(lines[textAfter(lines, first)] ?? '');
  const end = textBefore(lines, lines.length);
  if (inner === null || inner.info === '' || pathOf(lines[first] ?? '') === null || lines[end]?.trimEnd() !== mark)
    return false;
  // The fence before the last line must be the end of the last block inside.
  if (lines[textBefore(lines, end)]?.trimEnd() !== inner.mark) return false;
  reading.outerEnd = end;
  return true;
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
  result.blocks.length -= last.blocks;
  refuse(reading, last.path, `a fence without a partner follows the block; ${LONGER}`);
}
