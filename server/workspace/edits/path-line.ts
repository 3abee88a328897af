/** Reads the line before a fence: the path of a file, or prose. */

/** Longest line that can still be a path line; bounds the work on hostile input. */
const MAX_PATH_LINE = 500;
/** Names without a dot or a folder that are files all the same; any other bare word is prose ("Example:"). */
const BARE_NAMES =
  /^(?:makefile|dockerfile|containerfile|procfile|rakefile|gemfile|jenkinsfile|vagrantfile|justfile|license|licence|readme|changelog|authors|notice|codeowners|copying)$/i;
const LIST_MARK = /^(?:[-*+]|\d{1,3}[.)])\s+/;
/** Fences of commands and output: the line before them may well end in a file's name. */
const SHELL = /^(?:ba|z|fi|power)?sh(?:ell)?\b|^(?:console|terminal|cmd|text|txt|output|log|diff)\b/i;
/** Sentences before an example that end in a file's name. */
const ABOUT = /^(?:run|see|in|from|try|like|for|with|use|example|usage|output|e\.g\.)\b/i;
const MAX_WORDS = 4;

/** Accepts `src/a.ts`, `**src/a.ts**`, `` `src/a.ts` ``, `File: src/a.ts`, `### src/a.ts` and a trailing colon. */
export function pathOf(line: string): string | null {
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

/**
 * What a line right before a fence may mean as a path although it is not written as one: `- src/a.ts`, a path with
 * spaces, `Update src/a.ts:`. Such a block is reported, for as prose it would be lost. @param info what the fence says
 */
export function pathMeant(line: string, info: string): string | null {
  if (line.length > MAX_PATH_LINE) return null;
  const text = line.trim().replace(LIST_MARK, '');
  const path = pathOf(text);
  if (path !== null) return SHELL.test(info.trim()) ? null : path;
  const { bare } = unwrap(text);
  const words = bare.split(/\s+/);
  if (SHELL.test(info.trim()) || ABOUT.test(bare) || words.length > MAX_WORDS) return null;
  return /[\w)\]]\.[A-Za-z]\w{0,7}$/.test(bare) ? bare : null;
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
