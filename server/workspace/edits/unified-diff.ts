/** Reads a unified diff as sections: each hunk quotes what it removes and keeps, and says what stands there after. */
import { lineAt, type PatchBody, type SearchReplace } from './read-sections';

const HUNK = /^@@(?: .*)?(?:@@.*)?$/;
const HEADERS =
  /^(?:diff --git |index [0-9a-f]{4,}|Index: |={20,}$|new file mode|deleted file mode|old mode|new mode|similarity )/;
/** Formats of patches that are not read here. */
const FOREIGN = /^\*\*\* (?:Begin Patch|Update File|Add File|Delete File|End Patch)/;

/** Whether a body is a diff: its first line of code begins one, or the fence says so. */
export function isDiff(path: string, lines: readonly string[], info: string): boolean {
  if (/\.(?:diff|patch)$/i.test(path)) return false;
  if (/^(?:diff|patch|udiff)\b/i.test(info)) return lines.some((line) => /^[-+@]/.test(line));
  const first = lines.findIndex((line) => !/^\s*(?:$|\/\/|#|\/\*|--\s)/.test(line) || /^--- \S/.test(line));
  const [line = '', next = ''] = lines.slice(Math.max(first, 0), first + 2);
  return (
    HUNK.test(line) ||
    /^(?:diff --git |Index: )/.test(line) ||
    FOREIGN.test(line) ||
    (/^--- \S/.test(line) && /^\+\+\+ \S/.test(next))
  );
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
