import { isConflictMark, isDivider, type Marker, markerOf, quoted } from './markers';
import { plain } from './path-line';

export interface SearchReplace {
  search: string;
  replace: string;
}

/** Headers that some models put under SEARCH: `:start_line:12`, then a line of dashes. */
const HEADER = /^:(?:start|end)_line:\s*\d+\s*$/;

/** The body of a patch, with the number its first line has in the answer. */
export interface PatchBody {
  path: string;
  lines: readonly string[];
  at: number;
}

/**
 * Sections of a patch, or what is wrong with which line. Marks of one section have one length, so a file that itself
 * holds `=======` is edited with longer ones; other lengths are accepted only where the right one is missing.
 */
export function readSections({ path, lines, at }: PatchBody): SearchReplace[] | string {
  const sections: SearchReplace[] = [];
  for (let i = 0; i < lines.length; ) {
    const line = lines[i] ?? '';
    const marker = markerOf(line);
    if (line.trim() === '') i++;
    else if (marker?.kind !== 'search' || !marker.opens)
      return `${lineAt(at + i, line)} stands outside of a SEARCH section`;
    else if (!isTail(marker, path)) return `${lineAt(at + i, line)} is no SEARCH marker: something follows the word`;
    else {
      const end = findEnd(lines, i + 1, marker.width);
      if (end < 0) return `a SEARCH section has no REPLACE end: ${lineAt(at + i, line)}`;
      const close = markerOf(lines[end] ?? '');
      if (close !== null && !isTail(close, path))
        return `${lineAt(at + end, lines[end] ?? '')} is no REPLACE marker: something follows the word`;
      const section = splitSection({ path, lines: lines.slice(i + 1, end), at: at + i + 1 }, marker.width);
      if (typeof section === 'string') return section;
      sections.push(section);
      i = end + 1;
    }
  }
  return sections;
}

/** The REPLACE line of a section; one of the section's own width is preferred. @returns -1 when there is none */
export function findEnd(lines: readonly string[], from: number, width: number): number {
  let other = -1;
  for (let i = from; i < lines.length; i++) {
    const marker = markerOf(lines[i] ?? '');
    if (marker?.kind === 'search' && marker.opens && marker.width === width) break;
    if (marker?.kind !== 'replace' || marker.opens) continue;
    if (marker.width === width) return i;
    if (other < 0) other = i;
  }
  return other;
}

function splitSection({ lines, at }: PatchBody, width: number): SearchReplace | string {
  const from = headerEnd(lines);
  const dividers = findDividers(lines, from, width);
  const [middle] = dividers;
  if (middle === undefined)
    return `a SEARCH section has no ======= divider (it begins at line ${at - 1} of the answer)`;
  if (dividers.length > 1) {
    const where = dividers.map((i) => i + at).join(' and ');
    return `a SEARCH section has two dividers (lines ${where} of the answer); use marks of another length (8 characters)`;
  }
  // Longer marks say that such lines are meant as text.
  const search = lines.slice(from, middle);
  const strange = width > 7 ? -1 : lines.findIndex((line, i) => i >= from && isStray(line, i > middle ? search : null));
  if (strange >= 0) return `${lineAt(at + strange, lines[strange] ?? '')} looks like a marker inside of a section`;
  return { search: join(search), replace: join(lines.slice(middle + 1)) };
}

/** A marker where text should be. A conflict mark may be quoted, to be removed, but not added. */
function isStray(line: string, search: readonly string[] | null): boolean {
  const marker = markerOf(line);
  if (marker !== null) return /^\s*[<>]/.test(line);
  return search !== null && isConflictMark(line) && !search.includes(line);
}

function headerEnd(lines: readonly string[]): number {
  let at = 0;
  while (HEADER.test(lines[at] ?? '')) at++;
  return at > 0 && /^-{5,12}\s*$/.test(lines[at] ?? '') ? at + 1 : at;
}

/** Dividers of the best kind there is: of the section's width, of another, indented or with a tail. */
function findDividers(lines: readonly string[], from: number, width: number): number[] {
  const all = lines.flatMap((line, i) => (i >= from && isDivider(line) ? [i] : []));
  const clean = all.filter((i) => /^=+\s*$/.test(lines[i] ?? ''));
  const exact = clean.filter((i) => lines[i]?.trimEnd().length === width);
  return exact.length > 0 ? exact : clean.length > 0 ? clean : all;
}

/** Behind the word may stand the file's own path or a line's number, nothing else. */
function isTail({ tail }: Marker, path: string): boolean {
  const name = plain(tail.replaceAll(/[`"']/g, ''));
  return name === '' || path === name || path.endsWith(`/${name}`) || /^(?:line|@)?\s*\d+(?:-\d+)?$/i.test(name);
}

export function lineAt(number: number, line: string): string {
  return `line ${number} of the answer, ${quoted(line)},`;
}

function join(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
