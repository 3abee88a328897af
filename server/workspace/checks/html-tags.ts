import 'server-only';
import type { LineProblem } from './syntax-walk';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));
const VOID = words(
  'area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen',
);
/** Elements whose end tag may be left out (HTML Standard 13.1.2.4). */
const OPTIONAL = words(
  'html head body li dt dd p rt rp rb rtc optgroup option colgroup caption thead tbody tfoot tr td th',
);
/** Elements that hold text only, up to their own end tag (HTML Standard 13.2.5). */
const TEXT_ONLY = words('script style textarea title iframe xmp noembed noframes');
/** Pages with a template language open and close tags in branches that are never written together. */
const TEMPLATE = /\{%|<%|<\?(?!xml\b)|\{\{\s*[#/^]/;

interface Tag {
  name: string;
  closing: boolean;
  selfClosing: boolean;
  /** The text ends inside of it. */
  unfinished: boolean;
  line: number;
}

/**
 * The first tag that is never closed, or that closes nothing. Browsers repair such pages by rule, seldom as they were meant.
 * Takes time in proportion to the text.
 */
export function mismatchedHtml(text: string): LineProblem | null {
  if (TEMPLATE.test(text)) return null;
  const open: Tag[] = [];
  const counts = new Map<string, number>();
  const count = (name: string, by: number) => counts.set(name, (counts.get(name) ?? 0) + by);
  for (const tag of tagsOf(text)) {
    if (tag.unfinished || tag.name.includes('<'))
      return { line: tag.line, message: `missing > after <${tag.name.split('<')[0]}` };
    if (tag.selfClosing || VOID.has(tag.name)) continue;
    if (!tag.closing) {
      open.push(tag);
      count(tag.name, 1);
      continue;
    }
    if ((counts.get(tag.name) ?? 0) === 0)
      return { line: tag.line, message: `</${tag.name}> closes no open <${tag.name}>` };
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      count(top.name, -1);
      if (top.name === tag.name) break;
      if (!OPTIONAL.has(top.name))
        return { line: top.line, message: `<${top.name}> is not closed before </${tag.name}> on line ${tag.line}` };
    }
  }
  const left = open.find(({ name }) => !OPTIONAL.has(name));
  return left === undefined ? null : { line: left.line, message: `<${left.name}> is never closed` };
}

/** Tags in the order of the text, without what comments and text-only elements hold. */
function* tagsOf(text: string): Generator<Tag> {
  let line = 1;
  let counted = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    const comment = commentEnd(text, at);
    if (comment !== null) {
      at = comment;
      continue;
    }
    const name = /[a-z][^\s/>]*/iy;
    const closing = text[at + 1] === '/';
    name.lastIndex = at + (closing ? 2 : 1);
    const found = name.exec(text)?.[0].toLowerCase();
    if (found === undefined) {
      at++;
      continue;
    }
    const end = tagEnd(text, name.lastIndex);
    line += newlines(text, counted, at);
    counted = at;
    const selfClosing = !closing && end !== null && text[end - 2] === '/';
    yield { name: found, closing, selfClosing, unfinished: end === null, line };
    if (end === null) return;
    at = !closing && !selfClosing && TEXT_ONLY.has(found) ? textEnd(text, end, found) : end;
  }
}

/** Where a comment, doctype or processing instruction that begins here ends; null when none begins. */
function commentEnd(text: string, at: number): number | null {
  if (text[at + 1] !== '!' && text[at + 1] !== '?') return null;
  const mark = text.startsWith('<!--', at) ? '-->' : text.startsWith('<![CDATA[', at) ? ']]>' : '>';
  const end = text.indexOf(mark, at + 2);
  return end < 0 ? text.length : end + mark.length;
}

/** Behind the `>` of a tag; one inside a quoted attribute does not count. Null when there is none. */
function tagEnd(text: string, from: number): number | null {
  let quote = '';
  let last = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '>') return i + 1;
    // A quote opens only a value: elsewhere it is a part of a name.
    else if ((char === '"' || char === "'") && last === '=') quote = char;
    if (char.trim() !== '') last = char;
  }
  return null;
}

/** Where the end tag of an element begins that holds text only. */
function textEnd(text: string, from: number, name: string): number {
  const end = new RegExp(`</${name}(?=[\\s/>])`, 'ig');
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

function newlines(text: string, from: number, to: number): number {
  let found = 0;
  for (let i = from; i < to; i++) if (text.charCodeAt(i) === 10) found++;
  return found;
}
