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
const RENAME = /^<{5,9} RENAME (\S.*)$/;
/** Longest line that can still be a path line; bounds the work on hostile input. */
const MAX_PATH_LINE = 500;
/** Names without a dot or a folder that are files all the same; any other bare word is prose ("Example:"). */
const BARE_NAMES =
  /^(?:makefile|dockerfile|containerfile|procfile|rakefile|gemfile|jenkinsfile|vagrantfile|justfile|license|licence|readme|changelog|authors|notice|codeowners|copying)$/i;

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
      for (const skipped of lines.slice(i, until)) prose.push(skipped);
      // An edit whose path line is missing must not be lost among the prose.
      if (end >= 0 && isEdit(lines, i + 1, end))
        result.malformed.push({
          path: '',
          message: `the block at line ${i + 1} of the answer has no path line before it`,
        });
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
  if (line.length > MAX_PATH_LINE) return null;
  const label = /^(?:#{1,6}\s+)?(?:\*\*)?(?:file|path|filename)\s*:\s*/i;
  const text = line.trim();
  const labelled = label.test(text);
  const { bare, wrapped } = unwrap(text.replace(label, '').replace(/^#{1,6}\s+/, ''));
  if (bare === '' || bare.length > 400) return null;
  if (labelled || wrapped) return bare;
  // Unmarked, a line with spaces is a sentence ("Now change src/a.ts"), and a bare word a caption ("Example:").
  if (/\s/.test(bare)) return null;
  if (/[!?,;]$/.test(bare) || /[^./]\.$/.test(bare)) return null;
  return /[./\\]/.test(bare) || BARE_NAMES.test(bare) ? bare : null;
}

/** Takes off Markdown emphasis that stands on both sides (`__init__.py` keeps its own) and colons at the end. */
function unwrap(text: string): { bare: string; wrapped: boolean } {
  let bare = text.trim();
  let wrapped = false;
  for (let again = true; again; ) {
    again = false;
    if (bare.endsWith(':')) {
      bare = bare.slice(0, -1).trimEnd();
      again = true;
    }
    for (const mark of ['**', '`', '__']) {
      if (bare.length > mark.length * 2 && bare.startsWith(mark) && bare.endsWith(mark)) {
        bare = bare.slice(mark.length, -mark.length).trim();
        wrapped = true;
        again = true;
      }
    }
  }
  // What a label left open: "**File:** `a.ts`" and "**File: a.ts**".
  if (bare.startsWith('**')) bare = bare.slice(2).trim();
  else if (bare.endsWith('**')) bare = bare.slice(0, -2).trim();
  if (bare.length > 2 && bare.startsWith('`') && bare.endsWith('`')) return { bare: bare.slice(1, -1), wrapped: true };
  return { bare, wrapped };
}

/** Whether the first line with text in a fence opens an edit. */
function isEdit(lines: string[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const line = lines[i] ?? '';
    if (line.trim() !== '') return SEARCH.test(line) || DELETE.test(line) || RENAME.test(line);
  }
  return false;
}

function readBlock(path: string, body: string[], result: ParsedReply): void {
  const first = body.findIndex((line) => line.trim() !== '');
  const lead = body[first] ?? '';
  const meaningful = body.filter((line) => line.trim() !== '').length;
  const rename = RENAME.exec(lead)?.[1]?.trim();
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

/**
 * Sections of a patch. Marks of one section have one length, so a file that itself holds `=======` is edited with longer
 * ones; other lengths are accepted as a divider only where the right one is missing.
 */
function readSections(body: string[]): SearchReplace[] | string {
  const sections: SearchReplace[] = [];
  let inside: string[] | null = null;
  let width = 0;
  for (const line of body) {
    if (inside === null) {
      if (SEARCH.test(line)) {
        inside = [];
        width = line.indexOf(' ');
      } else if (line.trim() !== '') return `text outside of a SEARCH section: ${JSON.stringify(line.slice(0, 80))}`;
    } else if (SEARCH.test(line) && line.indexOf(' ') === width) return 'a SEARCH section has no REPLACE end';
    else if (REPLACE.test(line)) {
      const section = splitSection(inside, width);
      if (typeof section === 'string') return section;
      sections.push(section);
      inside = null;
    } else inside.push(line);
  }
  return inside === null ? sections : 'a SEARCH section has no REPLACE end';
}

function splitSection(lines: string[], width: number): SearchReplace | string {
  const exact: number[] = [];
  const loose: number[] = [];
  for (const [i, line] of lines.entries()) {
    if (!DIVIDER.test(line)) continue;
    loose.push(i);
    if (line.trimEnd().length === width) exact.push(i);
  }
  const dividers = exact.length > 0 ? exact : loose;
  const [at] = dividers;
  if (at === undefined) return 'a SEARCH section has no ======= divider';
  if (dividers.length > 1) return 'a SEARCH section has two dividers; use marks of another length (8 characters)';
  return { search: join(lines.slice(0, at)), replace: join(lines.slice(at + 1)) };
}

function join(lines: string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
