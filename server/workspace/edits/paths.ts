import type { Refusal } from '../schema';

/** Limits of a project; configurable by argument. Bytes are UTF-8. */
export interface WorkspaceLimits {
  fileBytes: number;
  files: number;
  projectBytes: number;
}

export const DEFAULT_LIMITS: WorkspaceLimits = { fileBytes: 1024 * 1024, files: 2000, projectBytes: 50 * 1024 * 1024 };

// Names and characters Windows cannot hold (Microsoft, "Naming Files, Paths, and Namespaces").
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const FORBIDDEN = /[<>:"|?*\\\u0000-\u001f\u007f]/;

/**
 * Characters that cannot be seen or run the other way, so that two names look alike (CWE-451, CVE-2021-42574): format,
 * control and separators, blank letters and signs (Hangul fillers, Braille blank), private and unassigned ones, and any
 * space but the ordinary one.
 */
const INVISIBLE =
  /[\p{Cf}\p{Cc}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{1d159}]|(?! )\p{Zs}/u;

/** Whether every character of a name can be seen, and stands where it is read. */
export function isVisible(text: string): boolean {
  return !INVISIBLE.test(text);
}

/** A text with every such character written as its number: a message that quotes a path must not be turned by it. */
export function visible(text: string): string {
  return text.replaceAll(new RegExp(INVISIBLE, 'gu'), (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
}

/** Files that the archive itself adds. */
export const PLAN_FILE = 'PLAN.md';
export const MANIFEST_FILE = 'PLUMBLINE.json';

/** Why a path may not be written, or null. The same rule guards edits, snapshots and the archive. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'the path is empty';
  if (path.length > 240 || new TextEncoder().encode(path).length > 400) return 'the path is too long';
  if (!path.isWellFormed()) return 'the path holds broken Unicode';
  if (path.includes('\0')) return 'the path holds a NUL character';
  if (path.startsWith('/') || path.startsWith('~')) return 'absolute paths are not allowed';
  if (/^[A-Za-z]:/.test(path)) return 'drive letters are not allowed';
  if (path.includes('\\')) return 'use / between folders';
  for (const part of path.split('/')) {
    const problem = partProblem(part);
    if (problem !== null) return problem;
  }
  return null;
}

function partProblem(part: string): string | null {
  if (part === '') return 'the path has an empty part';
  if (part === '.' || part === '..') return 'the path must not contain . or .. parts';
  if (!isVisible(part)) return `"${visible(part)}" holds characters that cannot be seen or that turn the text around`;
  if (FORBIDDEN.test(part)) return `"${part}" holds a character that some systems cannot store`;
  if (/[. ]$/.test(part) || part.startsWith(' '))
    return `"${part}" begins or ends with a character that some systems drop`;
  // Windows drops spaces before a dot, and keeps short names: GIT~1 is .git there.
  if (RESERVED.test(part.replaceAll(/ +(?=\.)/g, ''))) return `"${part}" is a reserved name on Windows`;
  if (part === '__proto__') return '"__proto__" is a reserved name';
  if (part.toLowerCase() === '.git' || /^git~\d+$/i.test(part)) return '.git is not writable';
  if (part.normalize('NFC') !== part) return `"${part}" is not in Unicode normal form C`;
  return null;
}

/** Key under which two names are the same file on a case-insensitive or normalizing file system. Both ways: ß and SS are one. */
export function collisionKey(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

const ARCHIVE_KEYS = new Set([PLAN_FILE, MANIFEST_FILE].map(collisionKey));

/** Whether a path collides with a file that the archive adds, as that file or as a folder of its name. */
export function collidesWithArchive(path: string): boolean {
  return ARCHIVE_KEYS.has(collisionKey(path.split('/')[0] ?? ''));
}

/** Problems of a whole tree: collisions, a file where another path needs a folder, and size limits. */
export function treeProblems(files: ReadonlyMap<string, { size: number }>, limits: WorkspaceLimits): Refusal[] {
  const refusals: Refusal[] = [];
  const seen = new Map<string, string>();
  let total = 0;
  for (const [path, { size }] of files) {
    const key = collisionKey(path);
    const other = seen.get(key);
    if (other !== undefined) {
      refusals.push({
        code: 'path_collision',
        path,
        message: `${path} and ${other} are the same file on some systems`,
      });
    }
    seen.set(key, path);
    total += size;
    if (size > limits.fileBytes)
      refusals.push({ code: 'too_large', path, message: `${path} is larger than ${limits.fileBytes} bytes` });
  }
  for (const path of files.keys()) {
    if (path.includes('/') && collidesWithArchive(path)) {
      refusals.push({
        code: 'path_collision',
        path,
        message: `${path.split('/')[0]} is a file that the download adds`,
      });
    }
    const parts = collisionKey(path).split('/');
    for (let i = 1; i < parts.length; i++) {
      const file = seen.get(parts.slice(0, i).join('/'));
      if (file !== undefined)
        refusals.push({ code: 'path_collision', path, message: `${file} is a file, so ${path} cannot be inside it` });
    }
  }
  if (files.size > limits.files)
    refusals.push({ code: 'too_many_files', path: '', message: `more than ${limits.files} files` });
  if (total > limits.projectBytes) {
    refusals.push({
      code: 'project_too_large',
      path: '',
      message: `the project would be larger than ${limits.projectBytes} bytes`,
    });
  }
  return refusals;
}
