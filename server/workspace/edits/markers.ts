/** The marker lines of the edit format, and what models write in their place. */

export interface Marker {
  kind: 'search' | 'replace' | 'delete' | 'rename';
  /** `<` opens, every other sign ends. */
  opens: boolean;
  width: number;
  /** What follows the word: a path, or signs. */
  tail: string;
}

const MARKER = /^\s*(<{5,12}|>{5,12}|-{5,12}|\+{5,12}|={5,12})\s*(SEARCH|REPLACE|DELETE|RENAME)\b(.*)$/i;
/** Signs that models repeat behind the word. */
const SIGNS = /^[\s<>=+:;-]*|[\s<>=+:;-]*$/g;
const KINDS: Record<string, Marker['kind']> = {
  search: 'search',
  replace: 'replace',
  delete: 'delete',
  rename: 'rename',
};
const MAX_MARKER_LINE = 600;

export function markerOf(line: string): Marker | null {
  if (line.length > MAX_MARKER_LINE) return null;
  const [, signs = '', word = '', tail = ''] = MARKER.exec(line) ?? [];
  const kind = KINDS[word.toLowerCase()];
  if (kind === undefined) return null;
  const sign = signs[0];
  return {
    kind,
    opens: sign === '<' || (sign === '-' && kind === 'search'),
    width: signs.length,
    tail: tail.replaceAll(SIGNS, ''),
  };
}

/** A line that a version control system leaves in a file it could not merge. */
export function isConflictMark(line: string): boolean {
  return /^(?:<{7}|>{7})(?:\s|$)/.test(line);
}

/** `=======` between the parts of a section. */
export function isDivider(line: string): boolean {
  return line.length < MAX_MARKER_LINE && /^\s*={5,12}[\s>]*$/.test(line);
}

/**
 * Where the first marker of a body stands, -1 without one. A line of dashes with a word is a heading elsewhere
 * (`------- Search`), so it counts only when the rest of a section follows.
 */
export function firstMarker(body: readonly string[]): number {
  let divider: number | undefined;
  return body.findIndex((line, i) => {
    const marker = markerOf(line);
    if (marker === null) return false;
    if (/^\s*[<>]/.test(line)) return true;
    divider ??= body.findLastIndex(isDivider);
    return marker.kind === 'search' && divider > i;
  });
}

/** A line as a message quotes it. */
export function quoted(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line);
}
