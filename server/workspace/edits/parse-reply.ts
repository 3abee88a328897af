/**
 * Reads the edit format (formats.md): prose, and blocks of a path line followed by a fence. One pass over the lines, so
 * any input takes linear time; an unfinished block is reported, never returned as a block.
 */

export interface SearchReplace {
  search: string;
  replace: string;
}

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
const SEARCH = /^<{5,9} SEARCH\s*$/;
const DIVIDER = /^={5,9}\s*$/;
const REPLACE = /^>{5,9} REPLACE\s*$/;
const DELETE = /^<{5,9} DELETE\s*$/;
const RENAME = /^<{5,9} RENAME (.+?)\s*$/;

export function parseReply(text: string): ParsedReply {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const result: ParsedReply = { prose: '', blocks: [], unfinished: null, malformed: [] };
  const prose: string[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i] ?? '';
    const open = FENCE_OPEN.exec(line);
    const fence = open?.[1];
    if (fence === undefined) {
      prose.push(line);
      i++;
      continue;
    }
    const path = takePath(prose);
    const end = findClose(lines, i + 1, fence);
    if (path === null) {
      // A fence without a path is prose (an example, a command to run).
      const until = end < 0 ? lines.length : end + 1;
      prose.push(...lines.slice(i, until));
      i = until;
      continue;
    }
    if (end < 0) {
      result.unfinished = path;
      break;
    }
    readBlock(path, lines.slice(i + 1, end), result);
    i = end + 1;
  }
  result.prose = prose
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  return result;
}

/** The fence ends at the first line that holds only a fence of the same length. */
function findClose(lines: string[], from: number, fence: string): number {
  for (let i = from; i < lines.length; i++) {
    if ((lines[i] ?? '').trimEnd() === fence) return i;
  }
  return -1;
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

/** Accepts `src/a.ts`, `**src/a.ts**`, `` `src/a.ts` ``, `File: src/a.ts`, `### src/a.ts` and a trailing colon. */
function pathOf(line: string): string | null {
  const bare = line
    .trim()
    .replace(/^#{1,6}\s+/, '')
    .replace(/^(?:file|path|datei)\s*:\s*/i, '')
    .replace(/^(\*\*|__|`)+/, '')
    .replace(/(\*\*|__|`|:)+$/, '')
    .replace(/^(?:file|path)\s*:\s*/i, '')
    .replace(/^`|`$/g, '')
    .trim();
  if (bare === '' || bare.length > 400) return null;
  // Spaces are legal in names but a sentence is not a path: with spaces it needs a directory or an extension at the end.
  if (/\s/.test(bare) && !/^[^\s].*\/[^/]*\.[A-Za-z0-9]+$/.test(bare)) return null;
  if (/[.!?,;]$/.test(bare) && !/\.{2}\/?$/.test(bare)) return null;
  if (!/[./\\]/.test(bare) && !/^[A-Z][A-Za-z]*$|^[a-z0-9_-]+$/i.test(bare)) return null;
  return bare;
}

function readBlock(path: string, body: string[], result: ParsedReply): void {
  const first = body.findIndex((line) => line.trim() !== '');
  const lead = body[first] ?? '';
  const meaningful = body.filter((line) => line.trim() !== '').length;
  const rename = RENAME.exec(lead)?.[1];
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

function readSections(body: string[]): SearchReplace[] | string {
  const sections: SearchReplace[] = [];
  let state: 'outside' | 'search' | 'replace' = 'outside';
  let search: string[] = [];
  let replace: string[] = [];
  for (const line of body) {
    if (state === 'outside') {
      if (SEARCH.test(line)) {
        state = 'search';
        search = [];
        replace = [];
      } else if (line.trim() !== '') return `text outside of a SEARCH section: ${JSON.stringify(line.slice(0, 80))}`;
    } else if (state === 'search') {
      if (DIVIDER.test(line)) state = 'replace';
      else search.push(line);
    } else if (REPLACE.test(line)) {
      sections.push({ search: join(search), replace: join(replace) });
      state = 'outside';
    } else replace.push(line);
  }
  if (state !== 'outside') return 'a SEARCH section has no REPLACE end';
  return sections;
}

function join(lines: string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
