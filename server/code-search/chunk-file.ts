import 'server-only';
import type { Node } from 'web-tree-sitter';
import { grammarOf, parseSyntax } from '@/server/workspace/syntax';
import { type Chunk, chunkableLines, toChunks } from './chunk';
import { chunkLines, chunkMarkdown, type Span } from './chunk-lines';
import { kindOf, nameOf } from './declarations';

/** A declaration up to this many lines stays whole; a longer one is split at its own parts. */
export const MAX_LINES = 60;
/** Neighbours are merged up to this many lines. */
const MERGE_LINES = 50;
/** A named declaration of this size stands alone rather than being merged with another such. */
const OWN_LINES = 12;
/** Deeper nesting is split by lines: such input is data or hostile. */
const MAX_DEPTH = 40;
/** Larger files are split by lines: they are generated, and parsing would hold up the process. */
const MAX_PARSED_CHARACTERS = 400_000;

/**
 * Splits a file by its syntax where a grammar is known, else by headings or lines. Never throws on content, but may take any
 * time: the server calls it through `readChunks`.
 */
export async function chunkFile(path: string, text: string): Promise<Chunk[]> {
  const lines = chunkableLines(text);
  if (lines.length === 0) return [];
  const spans =
    (await syntaxSpans(path, lines)) ??
    (/\.(md|mdx|markdown)$/i.test(path) ? chunkMarkdown(lines) : chunkLines(1, lines.length));
  return spans.flatMap((span) => toChunks(path, lines, span));
}

async function syntaxSpans(path: string, lines: readonly string[]): Promise<Span[] | null> {
  const grammar = grammarOf(path);
  if (grammar === null) return null;
  // Joined again, so that rows of the tree are indexes of `lines` whatever the line ends were.
  const source = lines.join('\n');
  if (source.length > MAX_PARSED_CHARACTERS) return null;
  const tree = await parseSyntax(grammar, source);
  try {
    const units = split(tree.rootNode, null, 0);
    return merge(cover(units, lines.length));
  } finally {
    tree.delete();
  }
}

/** The node's parts that fit, in order. */
function split(node: Node, scope: string | null, depth: number): Span[] {
  const spans: Span[] = [];
  for (const child of node.namedChildren) {
    // Comments and attributes become the start of what follows them (see `cover`).
    if (child === null || /comment|^attribute_item$/.test(child.type)) continue;
    const name = nameOf(child);
    const symbol = qualify(scope, name);
    const startLine = child.startPosition.row + 1;
    // A node that ends at column 0 ends on the line before (Python blocks, comments with their line end).
    const endLine = Math.max(
      startLine,
      child.endPosition.column === 0 ? child.endPosition.row : child.endPosition.row + 1,
    );
    if (endLine - startLine < MAX_LINES) {
      spans.push({ startLine, endLine, symbol, kind: kindOf(child) });
    } else if (depth >= MAX_DEPTH || child.namedChildCount === 0) {
      spans.push(
        ...chunkLines(startLine, endLine).map((span) => ({
          ...span,
          symbol,
          kind: kindOf(child),
        })),
      );
    } else {
      const parts = split(child, symbol, depth + 1);
      const kind = kindOf(child);
      // The head (`class X extends Y {`) belongs to the first part, the closing line to the last.
      spans.push(
        { startLine, endLine: startLine, symbol, kind },
        ...parts.map((part) => (part.kind === 'code' ? { ...part, kind } : part)),
      );
      spans.push({ startLine: endLine, endLine, symbol, kind });
    }
  }
  return spans;
}

/** A declarator inside its own declaration repeats the name. */
function qualify(scope: string | null, name: string | null): string | null {
  if (name === null || scope === null) return name ?? scope;
  return scope === name || scope.endsWith(`.${name}`) ? scope : `${scope}.${name}`;
}

/** Makes the spans cover every line once: what lies before a part (comments, blank lines) goes to that part. */
function cover(spans: readonly Span[], lineCount: number): Span[] {
  const covered: Span[] = [];
  let next = 1;
  for (const span of spans) {
    const last = covered.at(-1);
    if (span.endLine < next) {
      // A second declaration on a line already taken.
      if (last !== undefined) last.symbol = joinSymbols(last.symbol, span.symbol);
      continue;
    }
    covered.push({ ...span, startLine: next });
    next = span.endLine + 1;
  }
  const last = covered.at(-1);
  if (last === undefined) return chunkLines(1, lineCount);
  if (next <= lineCount) last.endLine = lineCount;
  return covered.flatMap((span) =>
    span.endLine - span.startLine < 2 * MAX_LINES
      ? [span]
      : chunkLines(span.startLine, span.endLine).map((part) => ({
          ...part,
          symbol: span.symbol,
          kind: span.kind,
        })),
  );
}

function merge(spans: readonly Span[]): Span[] {
  const merged: (Span & { own: boolean })[] = [];
  for (const span of spans) {
    const own = span.symbol !== null && span.endLine - span.startLine + 1 >= OWN_LINES;
    const last = merged.at(-1);
    const fits = last !== undefined && span.endLine - last.startLine < MERGE_LINES;
    const together = last !== undefined && (!(last.own && own) || last.symbol === span.symbol);
    if (last !== undefined && fits && together) {
      // The kind of what is largest names the chunk.
      if (span.endLine - span.startLine >= last.endLine - last.startLine) last.kind = span.kind;
      last.endLine = span.endLine;
      last.symbol = joinSymbols(last.symbol, span.symbol);
      last.own ||= own;
    } else {
      merged.push({ ...span, own });
    }
  }
  return merged.map(({ own: _own, ...span }) => span);
}

function joinSymbols(left: string | null, right: string | null): string | null {
  if (left === null || right === null || left === right) return left ?? right;
  const names = left.split(', ');
  return names.includes(right) || names.length >= 12 ? left : `${left}, ${right}`;
}
