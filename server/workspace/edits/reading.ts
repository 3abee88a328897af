/** What is known of an answer while it is read, line by line. */
import type { Mention } from './mentions';
import type { EditBlock } from './read-block';

export interface ParsedReply {
  prose: string;
  blocks: EditBlock[];
  /** Path of the block the reply broke off in, or null. */
  unfinished: string | null;
  /** Blocks that say an edit which cannot be read. The path is empty where none could be told. */
  malformed: { path: string; message: string }[];
  /** Fences that are no edit: examples, commands, drafts in the model's thinking. */
  examples: number;
  /** Files that those may mean, and ones that prose says to remove. */
  mentions: Mention[];
}

/** One pass over a reply. */
export interface Reading {
  lines: string[];
  prose: string[];
  /** Where the prose after the last fence begins. */
  proseFrom: number;
  result: ParsedReply;
  /** The last block that was read, while what follows can still show that it was cut short. */
  last: { path: string; fence: string; info: string; end: number; blocks: number } | null;
  /** Up to which line an odd fence of this mark has no end: each line is searched once. */
  openUntil: Map<string, number>;
  /** Fences whose end was searched to the end of the reply in vain. */
  endless: Set<string>;
  /** Where in the answer each path was given content, null for a deletion, undefined for sections. */
  given: Map<string, { line: number; content: string | null | undefined }>;
  /** The end of a fence around the whole answer. */
  outerEnd: number;
  /** Where the prose began in which a part of an edit was found: one refusal names it. */
  strayIn: number;
}

export function refuse({ result }: Reading, path: string, message: string): void {
  result.malformed.push({ path, message });
}

/** Lines that become prose. @returns the line to go on with */
export function pass({ lines, prose }: Reading, from: number, to: number): number {
  for (const line of lines.slice(from, to)) prose.push(line);
  return to;
}

export function lineBefore(prose: readonly string[]): string {
  return prose.at(-1) ?? '';
}
