import 'server-only';
import { chunkLines, type Span } from './chunk-lines';
import { splitIdentifier } from './split-identifiers';

/** A piece of a file: what is embedded, searched and shown. */
export interface Chunk {
  path: string;
  symbol: string | null;
  kind: string;
  /** 1-based, inclusive. */
  startLine: number;
  endLine: number;
  content: string;
  /** `path: split name`, put before the content of both halves of the search: the largest measured gain. */
  header: string;
}

/** Longest content of one chunk; one line may be a megabyte. */
const MAX_CHARACTERS = 6_000;

/** The lines of a file as chunks have them. */
export function chunkableLines(text: string): string[] {
  // Postgres holds neither NUL nor half a surrogate pair.
  const lines = text
    .replaceAll('\0', '')
    .toWellFormed()
    .split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Splits a file by lines alone, in time proportional to it. */
export function lineChunks(path: string, text: string): Chunk[] {
  const lines = chunkableLines(text);
  return lines.length === 0 ? [] : chunkLines(1, lines.length).flatMap((span) => toChunks(path, lines, span));
}

/** The chunks of a span: one, or pieces of a span whose content is too long. */
export function toChunks(path: string, lines: readonly string[], span: Span): Chunk[] {
  let { startLine, endLine } = span;
  const isBlank = (line: number) => (lines[line - 1] ?? '').trim() === '';
  while (startLine <= endLine && isBlank(startLine)) startLine++;
  while (endLine > startLine && isBlank(endLine)) endLine--;
  if (startLine > endLine) return [];
  const { symbol, kind } = span;
  const header = symbol === null ? path : `${path}: ${splitIdentifier(symbol)}`;
  const content = lines.slice(startLine - 1, endLine).join('\n');
  if (content.length <= MAX_CHARACTERS) return [{ path, symbol, kind, startLine, endLine, content, header }];
  // Very long lines: pieces by characters, each with the lines it touches.
  const pieces: Chunk[] = [];
  let line = startLine;
  for (let offset = 0; offset < content.length; offset += MAX_CHARACTERS) {
    const piece = content.slice(offset, offset + MAX_CHARACTERS);
    const breaks = piece.split('\n').length - 1;
    pieces.push({
      path,
      symbol,
      kind,
      startLine: line,
      endLine: line + breaks,
      content: piece.toWellFormed(),
      header,
    });
    line += breaks;
  }
  return pieces;
}
