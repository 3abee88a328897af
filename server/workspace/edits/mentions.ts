/** Fences that bring nothing although the sentence before them names a file: the tree tells whether one was meant. */
import { announcesExample, isShell, pathOf, plain } from './path-line';

/** A fence that was read as an example, and a file that it may mean. */
export interface Mention {
  path: string;
  /** The line of the answer. */
  line: number;
  /** Null: the line itself says in words what a block should do. */
  body: readonly string[] | null;
}

const NAME = /[\w)\]]\.[A-Za-z]\w{0,7}$/;
const SAMPLE = /^(?:example|usage|output|e\.g\.|like|try|run|use|see)\b/i;
const DEED = /^(?:[-*]\s+)?(?:\*\*)?(?:delete|remove|rename)d?(?:\s+(?:the\s+)?file)?\s*:/i;
const MAX_LINE = 500;

/** Paths that a line names anywhere. */
function pathsIn(line: string): string[] {
  if (line.length > MAX_LINE) return [];
  const words = line.split(/[\s`*"'“”‘’()<>=,;]+/).map((word) => word.replace(/[:.!?]+$/, ''));
  return words.filter((word) => NAME.test(word)).map(plain);
}

/** @param about the line before the fence, @param headings lines since the last block */
export function mentionsOf(
  body: readonly string[],
  { line, info, about, headings }: { line: number; info: string; about: string; headings: readonly string[] },
): Mention[] {
  const isSample = info === '' ? announcesExample(about) : SAMPLE.test(about.trim());
  if (isShell(info) || isSample) return [];
  const titles = headings.flatMap((one) => (/^\s*(?:#|\*\*|`)/.test(one) ? (pathOf(one) ?? []) : []));
  return [...new Set([...pathsIn(about), ...titles])].map((path) => ({ path, line, body }));
}

/** A line of prose that says to delete or rename a file. */
export function deedOf(text: string, line: number): Mention[] {
  return DEED.test(text) ? pathsIn(text).map((path) => ({ path, line, body: null })) : [];
}

/** Whether a fence only quotes the file as it is. */
export function isQuote(body: readonly string[], content: string): boolean {
  const known = new Set(content.split('\n').map((line) => line.trim()));
  return body.every((line) => line.trim() === '' || known.has(line.trim()));
}
