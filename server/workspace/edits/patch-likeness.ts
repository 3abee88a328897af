/** Lines that only a patch has, however they are written: what holds one is never taken for a whole file. */
import { isConflictMark, quoted } from './markers';
import { isDiff } from './unified-diff';

const PROSE = /\.(?:md|mdx|markdown|rst|adoc|txt)$/i;
const OLD = 'SEARCH|FIND|ORIGINAL|OLD|BEFORE';
const NEW = 'REPLACE|REPLACEMENT|UPDATED|NEW|AFTER';
const OTHER = 'DELETED?|REMOVED?|RENAMED?|MOVED?|INSERT|EDIT|HEAD';
/** What models and editors put before a marker: the sign of a comment, a quote, a diff or a list. */
const BEFORE = String.raw`^(?:[\s/#*%;\\+\x60"'|!-]|<!--|> )*`;
const WIDE = new RegExp(String.raw`${BEFORE}(?:<{5,}|>{5,})[\s_]*(?:${OLD}|${NEW}|${OTHER})\b`);
const WIDE_OWN = new RegExp(String.raw`${BEFORE}(?:<{5,}|>{5,})[\s_]*(?:search|replace|delete|rename)\b`, 'i');
/** Three signs begin a prompt of Python or a text of PHP too: there the word stands alone, in capitals. */
const NARROW = new RegExp(String.raw`${BEFORE}(?:<{3,4}|>{3,4})\s+(?:${OLD}|${NEW}|${OTHER})[\s<>=:]*$`);
const BRANCH = /^\s*(?:<{5,}|>{5,})\s+\S/;
const OLD_HEAD = new RegExp(
  String.raw`^(?:[\W_]*(?:${OLD})(?: BLOCK)?[\W_]*|<(?:search|find|original|old|old_str|old_string|before)>)$`,
);
const NEW_HEAD = new RegExp(
  String.raw`^(?:[\W_]*(?:${NEW})(?: BLOCK| WITH)?[\W_]*|<(?:replace|replacement|updated|new|new_str|new_string|after)>)$`,
);
/** Letters of other scripts that look like those of the words. */
const LETTERS: Record<string, string> = { А: 'A', С: 'C', Е: 'E', Н: 'H', І: 'I', О: 'O', Р: 'P', Ѕ: 'S', Т: 'T' };
const MAX_LINE = 600;
const CONTENT = /"(?:content|contents|code|new_str|new_string|diff|patch)"\s*:/;
/** Tags in which models without tools write their calls of tools. */
const TAG =
  /^\s*<\/?(?:file|files|write_to_file|write_file|create_file|edit_file|replace_in_file|apply_diff|apply_patch|str_replace\w*|function_calls|invoke|tool_call|tool_use|boltAction|antArtifact)\b/i;

/** The line with plain signs and letters in place of those that look like them or cannot be seen. */
function plainSigns(line: string): string {
  return line
    .normalize('NFKC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replaceAll(/&lt;|[«‹≪]/g, '<')
    .replaceAll(/&gt;|[»›≫]/g, '>')
    .replaceAll(/[АСЕНІОРЅТ]/g, (letter) => LETTERS[letter] ?? letter)
    .replaceAll(/([<>]) (?=[<>])/g, '$1');
}

function isMarkerLike(line: string): boolean {
  if (line.length > MAX_LINE || !/[<>«»‹›≪≫＜＞;]/.test(line)) return false;
  const text = plainSigns(line);
  return WIDE.test(text) || WIDE_OWN.test(text) || NARROW.test(text);
}

/** The first line of a body that only a patch has, -1 without one. */
export function patchLine(path: string, lines: readonly string[]): number {
  const isProse = PROSE.test(path);
  const found = lines.findIndex(
    (line) =>
      isConflictMark(line) || isMarkerLike(line) || (BRANCH.test(line) && !(isProse && line.trim().startsWith('>'))),
  );
  if (found >= 0) return found;
  const first = lines.findIndex((line) => line.trim() !== '');
  const isHead = (pattern: RegExp, line = '') => line.length < 80 && pattern.test(plainSigns(line.trim()));
  return isHead(OLD_HEAD, lines[first]) && lines.some((line) => isHead(NEW_HEAD, line)) ? first : -1;
}

/** Why a line outside of every fence must be part of an edit, or null: as prose it would be lost. */
export function strayEdit(line: string): string | null {
  const at = line.search(/<{5} ?SEARCH/);
  if (isMarkerLike(line) || (at >= 0 && />{5} ?REPLACE/.test(line.slice(at))))
    return `${quoted(line)} is a marker outside of a fence`;
  if (/^(?:diff --git |@@ -\d|\*\*\* (?:Begin Patch|(?:Update|Add|Delete) File))/.test(line))
    return `${quoted(line)} belongs to a patch outside of a fence`;
  if (TAG.test(line)) return `${quoted(line)} is a tag that is not read; give the file as a path line and a fence`;
  return /<\|(?:channel|start)\|>/.test(line)
    ? `${quoted(line)} is a token of the model's own; give the final answer alone`
    : null;
}

const HEREDOC = /(?:>|\btee\b)[^\n<]*<<-?\s*["']?\w|<<-?\s*["']?\w+["']?\s*>/;

/** What a fence without a path does to a file all the same, or null. @param info what the fence says */
export function editWithoutPath(body: readonly string[], info: string): string | null {
  if (isDiff('', body, info)) return 'is a diff without a path line before it';
  if (/^(?:ba|z)?sh|^(?:shell|console|terminal)/i.test(info) && body.some((line) => HEREDOC.test(line)))
    return 'writes a file by a command; give the file as a path line and a fence';
  const text = body.slice(0, 50).join('\n').slice(0, 4000);
  return /^\s*[[{]/.test(text) && /"(?:path|file|filename|file_path)"\s*:/.test(text) && CONTENT.test(text)
    ? 'gives a file in JSON; give it as a path line and a fence'
    : null;
}
