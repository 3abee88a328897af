/** Reads which file a block means: from the line before it, from what its fence says, or from its first line. */

/** Longest line that can still be a path line; bounds the work on hostile input. */
const MAX_PATH_LINE = 500;
/** Names without a dot or a folder that are files all the same; any other bare word is prose ("Example:"). */
const BARE_NAMES =
  /^(?:makefile|dockerfile|containerfile|procfile|rakefile|gemfile|jenkinsfile|vagrantfile|justfile|license|licence|readme|changelog|authors|notice|codeowners|copying)$/i;
const LIST_MARK = /^(?:[-*+]|\d{1,3}[.)])\s+/;
const HEADING = /^#{1,6}\s+/;
/** Fences of commands and output: the line before them may well end in a file's name. */
const SHELL = /^(?:ba|z|fi|power)?sh(?:ell)?\b|^(?:console|terminal|cmd|text|txt|output|log|diff)\b/i;
/** Sentences before an example that end in a file's name. */
const ABOUT = /^(?:run|see|in|from|try|like|for|with|use|example|usage|output|e\.g\.)\b/i;
const COMMAND =
  /^(?:\$|node|npm|npx|pnpm|yarn|bun|deno|python3?|pip3?|go|cargo|git|make|cat|cd|ls|sh|bash|curl|docker)\s/;
const MAX_WORDS = 4;
const DEED =
  'creat(?:e|ed)|new|add(?:ed)?|updat(?:e|ed)|modif(?:y|ied)|edit(?:ed)?|chang(?:e|ed)|replac(?:e|ed)|rewrit(?:e|ten)';
const LABEL = new RegExp(
  String.raw`^(?:\*\*)?(?:(?:(?:${DEED}|delete|remove|rename)\s+(?:the\s+)?)?(?:file|path|filename)|${DEED}|delete|remove|rename)\s*:\s*`,
  'i',
);
/** What stands in brackets behind a path: `src/a.js (new file)`. */
const REMARK = new RegExp(
  String.raw`\s+[([](?:(?:${DEED}|file|full|complete|whole|existing|unchanged|no changes)\s*)+[)\]]$`,
  'i',
);
const COMMENTS = [/^\/\/+\s*(.*)$/, /^\/\*+\s*(.*?)\s*\*\/$/, /^<!--\s*(.*?)\s*-->$/, /^--\s+(.*)$/, /^#\s*(.*)$/];
const QUOTES = /^(?:"([^"]+)"|'([^']+)'|“([^”]+)”|‘([^’]+)’|«([^»]+)»)$/;
const LINK = /^\[([^\]]+)\]\(([^)\s]+)\)$/;
/** A whole name in brackets or underscores: `[src/a.js]`, but not `[id]` or `__init__.py`. */
const BRACKETED = /^(?:\[+([^[\]]+\.\w+)\]+|\(([^()]+\.\w+)\)|_([^_].*\.[A-Za-z]+)_)$/;
/** `12:15:src/a.js`. */
const EXCERPT = /^\d+:\d+:(\S+)$/;
/** A name with an ending: the last word of a sentence that may mean a file. */
const ENDING = /[\w)\]]\.[A-Za-z]\w{0,7}$/;

/**
 * Accepts `src/a.ts`, and it in bold, backticks, quotes, a link, a heading, a numbered list or a comment; behind a label
 * (`File:`, `New file:`), before a remark (`(new file)`) or a colon.
 */
export function pathOf(line: string): string | null {
  if (line.length > MAX_PATH_LINE || isFence(line)) return null;
  let text = line.trim();
  for (const mark of [LIST_MARK, HEADING, LIST_MARK]) text = text.replace(mark, '');
  text = commented(text) ?? text;
  const labelled = LABEL.test(text);
  const { bare, code } = unwrap(text.replace(LABEL, ''));
  if (bare === '' || bare.length > 400) return null;
  // Unmarked, a line with spaces is a sentence ("Now change src/a.ts"), and a bare word a caption ("Example:").
  if (/\s/.test(bare) && !((code || labelled) && ENDING.test(bare) && !COMMAND.test(bare))) return null;
  if (/[!?,;)]$/.test(bare) || /[^./]\.$/.test(bare) || /^[./\\]*$/.test(bare)) return null;
  return code || isPathLike(bare) ? plain(bare) : null;
}

/**
 * What a line right before a fence may mean as a path although it is not written as one: a path with spaces,
 * `Update src/a.ts:`. Such a block is reported, for as prose it would be lost. @param info what the fence says
 */
export function pathMeant(line: string, info: string): string | null {
  if (line.length > MAX_PATH_LINE || isFence(line) || SHELL.test(info.trim())) return null;
  const text = line.trim().replace(LIST_MARK, '');
  const path = pathOf(text);
  if (path !== null) return path;
  const { bare } = unwrap(text);
  if (ABOUT.test(bare) || bare.split(/\s+/).length > MAX_WORDS) return null;
  return ENDING.test(bare) ? bare : null;
}

/** The path in what a fence says: `js:src/a.js`, `ts title="src/b.ts"`, `src/c.js`. */
export function pathOfInfo(info: string): string | null {
  if (info.length > MAX_PATH_LINE) return null;
  const named =
    EXCERPT.exec(info)?.[1] ?? /\b(?:title|file|filename|path|name)\s*[=:]\s*["']?([^"'\s}]+)/i.exec(info)?.[1];
  const words = info.split(/\s+/).filter((word) => !/^\{[\d,-]*\}$/.test(word));
  const last = named ?? /^[\w+#-]+:(\S+)$/.exec(info)?.[1] ?? words.at(-1) ?? '';
  const path = last.replace(/^[{"']+|[}"']+$/g, '').replace(BRACKETED, '$1$2$3');
  const isOther = /[{}=<>]|^(?:text|application|image)\/|\.net$/i.test(path);
  return isPathLike(path) && !isOther && (path.includes('/') || ENDING.test(path) || path.startsWith('.'))
    ? plain(path)
    : null;
}

/** `12:15:src/a.js`, how some editors quote a part of a file. */
export function isExcerpt(info: string): boolean {
  return EXCERPT.test(info);
}

/** The path in the first line of a block, alone in a comment. @param info what the fence says */
export function pathInComment(line: string, info: string): string | null {
  if (line.length > MAX_PATH_LINE || SHELL.test(info) || (/^(?:md|markdown)/i.test(info) && !line.startsWith('<!--')))
    return null;
  const text = commented(line.trim());
  if (text === null || /^#/.test(text)) return null;
  const path = pathOf(text);
  return path !== null && !/\s/.test(path) && (ENDING.test(path) || path.includes('/')) ? path : null;
}

/** A line that holds nothing but a path. */
export function isBarePath(line: string): boolean {
  const text = line.trim();
  return (
    text.length < MAX_PATH_LINE &&
    !/\s/.test(text) &&
    isPathLike(text) &&
    /^[^:;={}<>"']*$/.test(text) &&
    ENDING.test(text)
  );
}

/** Whether the sentence before a fence says that an example follows. */
export function announcesExample(line: string): boolean {
  return ABOUT.test(line.trim());
}

export function isShell(info: string): boolean {
  return SHELL.test(info);
}

/** `./src/a.js` is `src/a.js`. */
export function plain(path: string): string {
  return path.replace(/^(?:\.\/)+(?=.)/, '');
}

function isPathLike(text: string): boolean {
  return !/\s/.test(text) && (/[./\\]/.test(text) || BARE_NAMES.test(text)) && !/^[./\\]*$/.test(text);
}

function isFence(line: string): boolean {
  return /^\s*(?:`{3,}|~{3,})/.test(line);
}

function commented(text: string): string | null {
  for (const comment of COMMENTS) {
    const inside = comment.exec(text)?.[1];
    if (inside !== undefined) return inside;
  }
  return null;
}

/** Takes off what stands on both sides (`__init__.py` keeps its own), colons at the end and remarks. */
function unwrap(text: string): { bare: string; code: boolean } {
  let bare = text.trim();
  let code = false;
  for (let before = ''; before !== bare; ) {
    before = bare;
    if (bare.endsWith(':')) bare = bare.slice(0, -1).trimEnd();
    bare = bare.replace(REMARK, '');
    for (const mark of ['**', '`', '__']) {
      if (bare.length <= mark.length * 2 || !bare.startsWith(mark) || !bare.endsWith(mark)) continue;
      bare = bare.slice(mark.length, -mark.length).trim();
      code ||= mark === '`';
    }
    bare =
      QUOTES.exec(bare)
        ?.slice(1)
        .find((inside) => inside !== undefined) ?? bare;
    bare = linked(bare).replace(BRACKETED, '$1$2$3');
  }
  // What a label left open: "**File:** `a.ts`" and "**File: a.ts**".
  if (bare.startsWith('**')) bare = bare.slice(2).trim();
  else if (bare.endsWith('**')) bare = bare.slice(0, -2).trim();
  if (bare.length > 2 && bare.startsWith('`') && bare.endsWith('`')) return { bare: bare.slice(1, -1), code: true };
  return { bare, code };
}

/** The text of a link whose address is the same file or a web address. */
function linked(text: string): string {
  const [, name = '', address = ''] = LINK.exec(text) ?? [];
  const shown = name.replaceAll('`', '');
  const agrees = /^(?:https?:|#|\/)/.test(address) || plain(address).endsWith(shown) || shown.endsWith(plain(address));
  return shown !== '' && agrees ? shown : text;
}
