/** Reads a unified diff as sections: each hunk quotes what it removes and keeps, and says what stands there after. */
import { lineAt, type PatchBody, type SearchReplace } from './read-sections';

const HUNK = /^@@(?: .*)?(?:@@.*)?$/;
const HEADERS =
  /^(?:diff -|index [0-9a-f]{4,}|Index: |={20,}$|==== .+ ====$|new file mode|deleted file mode|old mode|new mode|similarity )/;
/** Formats of patches that are not read here. */
const FOREIGN = /^(?:\*\*\* (?:Begin Patch|Update File|Add File|Delete File|End Patch)|GIT binary patch)/;
/** A hunk of a diff, a part of a context diff, a word diff. */
const INSIDE = /^\s*@@@? -\d+(?:,\d+)? .*@@|^\*\*\* \d+(?:,\d+)? \*{4}$|\[-[^\]\n]{1,200}-\]\{\+[^}\n]{1,200}\+\}/;
const NORMAL = /^\d+(?:,\d+)?[acd]\d+(?:,\d+)?$/;
const ED = /^\d+(?:,\d+)?[acd]$/;
const PROSE = /\.(?:md|mdx|markdown|rst|adoc|txt)$/i;

/** Whether a body is a diff: its first line of code begins one, or the fence says so. */
export function isDiff(path: string, lines: readonly string[], info: string): boolean {
  if (/\.(?:diff|patch)$/i.test(path)) return false;
  if (/^(?:diff|patch|udiff)\b/i.test(info) && lines.some((line) => /^[-+@]/.test(line))) return true;
  const first = lines.findIndex((line) => !/^\s*(?:$|\/\/|#|\/\*|--\s)/.test(line) || /^--- \S/.test(line));
  const [line = '', next = ''] = lines.slice(Math.max(first, 0), first + 2);
  return (
    HUNK.test(line) ||
    /^(?:diff --git |Index: )/.test(line) ||
    (/^diff -/.test(line) && /^(?:--- |index )/.test(next)) ||
    (/^==== .+ ====$/.test(line) && (HUNK.test(next) || NORMAL.test(next))) ||
    FOREIGN.test(line) ||
    (/^--- \S/.test(line) && /^\+\+\+ \S/.test(next))
  );
}

/** The line that shows a body to be a patch of a kind that is not read, -1 without one. */
export function foreignLine(path: string, lines: readonly string[]): number {
  if (/\.(?:diff|patch)$/i.test(path)) return -1;
  // Texts inside of a program, and examples in a document, may show a diff.
  const quote = PROSE.test(path) ? /^\s*(?:`{3,}|~{3,})/g : /(?<!\\)`|"{3}|'{3}/g;
  let isQuoted = false;
  for (const [i, line] of lines.entries()) {
    if (!isQuoted && line.length < 2000 && INSIDE.test(line)) return i;
    if ((line.match(quote)?.length ?? 0) % 2 === 1) isQuoted = !isQuoted;
  }
  const first = lines.findIndex((line) => line.trim() !== '');
  const [line = '', next = ''] = lines.slice(Math.max(first, 0), first + 2);
  if ((NORMAL.test(line) && /^[<>] /.test(next)) || (ED.test(line) && lines.includes('.'))) return first;
  // Every line begins with the sign of an added one; in a document that may be a list.
  const isAdded = first >= 0 && lines.every((one) => one.trim() === '' || /^\+(?!\+)/.test(one));
  return isAdded && !(PROSE.test(path) && lines.every((one) => /^\+? |^\+?$/.test(one))) ? first : -1;
}

/**
 * Whether a text quotes lines of the file that it would replace with a sign in front, as a diff without a header does.
 * @returns the number of the first such line, or null
 */
export function signedLine(before: string, content: string): number | null {
  const known = new Set(before.split('\n').map((line) => line.trim()));
  const lines = content.split('\n');
  const isSigned = (line: string) => line[0] === '-' && !known.has(line.trim()) && line.trim() !== '-';
  let quoted: number | null = null;
  for (const [i, line] of lines.entries()) {
    if (isSigned(line)) {
      if (quoted === null && known.has(line.slice(1).trim())) quoted = i + 1;
    } else if (!/^\? +\S/.test(line)) {
      if (quoted !== null && /^\+\s*\S/.test(line) && !known.has(line.trim())) return quoted;
      quoted = null;
    }
  }
  return null;
}

/** The path that the diff's own header names. */
export function pathOfDiff(lines: readonly string[]): string | null {
  const header = lines.find((line) => /^\+\+\+ \S/.test(line)) ?? '';
  const path = headerPath(header);
  return path === '' || path === '/dev/null' ? null : path;
}

/** @returns the sections, or what is wrong with which line */
export function readDiff({ path, lines, at }: PatchBody): SearchReplace[] | string {
  const hunks: Hunk[] = lines.some((line) => HUNK.test(line)) ? [] : [{ search: [], replace: [] }];
  const last = lines.findLastIndex((line) => line.trim() !== '');
  for (const [i, line] of lines.slice(0, last + 1).entries()) {
    const hunk = hunks.at(-1);
    let wrong: string | null = null;
    if (FOREIGN.test(line)) wrong = 'belongs to another format of patches; use SEARCH and REPLACE';
    else if (isFileHeader(lines, i, hunk)) wrong = wrongFile(line, path);
    else if (HUNK.test(line)) hunks.push({ search: [], replace: [] });
    else if (HEADERS.test(line) || line.startsWith('\\')) continue;
    else if (hunk === undefined)
      wrong = /^\s*(?:$|\/\/|#|\/\*)/.test(line) ? null : 'stands before the first hunk of a diff';
    else if (!take(hunk, line)) wrong = 'begins with none of the signs of a diff (space, + or -)';
    if (wrong !== null) return `${lineAt(at + i, line)} ${wrong}`;
  }
  return hunks.map(({ search, replace }) => ({ search: join(search), replace: join(replace) }));
}

interface Hunk {
  search: string[];
  replace: string[];
}

/** `--- a/x` and `+++ b/x`; inside of a hunk only both together, for a removed `-- x` looks the same. */
function isFileHeader(lines: readonly string[], i: number, hunk: Hunk | undefined): boolean {
  const line = lines[i] ?? '';
  if (line.startsWith('--- ')) return hunk === undefined || (lines[i + 1] ?? '').startsWith('+++ ');
  return line.startsWith('+++ ') && (hunk === undefined || (lines[i - 1] ?? '').startsWith('--- '));
}

function wrongFile(line: string, path: string): string | null {
  if (line.startsWith('--- ') || headerPath(line) === path) return null;
  return `names another file than ${path}; give each file a block of its own`;
}

function take(hunk: Hunk, line: string): boolean {
  const [sign = ' '] = line;
  if (!' +-'.includes(sign)) return false;
  if (sign !== '+') hunk.search.push(line.slice(1));
  if (sign !== '-') hunk.replace.push(line.slice(1));
  return true;
}

function headerPath(line: string): string {
  return line
    .slice(4)
    .replace(/\t.*$/, '')
    .trim()
    .replace(/^[ab]\//, '');
}

function join(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
