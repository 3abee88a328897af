import 'server-only';
import { type Token, Tokenizer, TokenizerMode } from 'parse5';
import type { LineProblem } from './line-problem';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));
const VOID = words(
  'area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen',
);
/** Elements whose end tag may be left out (HTML Standard 13.1.2.4). */
const OPTIONAL = words(
  'html head body li dt dd p rt rp rb rtc optgroup option colgroup caption thead tbody tfoot tr td th',
);
/** Elements that hold text only, up to their own end tag (HTML Standard 13.2.5). */
const MODES = new Map([
  ...['textarea', 'title'].map((name) => [name, TokenizerMode.RCDATA] as const),
  ...['style', 'iframe', 'xmp', 'noembed', 'noframes'].map((name) => [name, TokenizerMode.RAWTEXT] as const),
  ['script', TokenizerMode.SCRIPT_DATA] as const,
]);
/** Pages with a template language open and close tags in branches that are never written together. */
const TEMPLATE = /\{%|<%|<\?(?!xml\b)|\{\{\s*[#/^]/;

/**
 * The first tag that is never closed, or that closes nothing, or a comment without an end. Browsers repair such pages by rule,
 * seldom as they were meant. The tags are parse5's, in time proportional to the text.
 */
export function mismatchedHtml(text: string): LineProblem | null {
  if (TEMPLATE.test(text)) return null;
  const balance = new TagBalance();
  const reader = new TagReader(text, balance);
  reader.write(text, true);
  return balance.problem ?? balance.unclosed();
}

/** parse5's tokenizer, which hands its tags to a balance. */
class TagReader extends Tokenizer {
  constructor(text: string, balance: TagBalance) {
    const nothing = () => undefined;
    super(
      { sourceCodeLocationInfo: true },
      {
        onComment: nothing,
        onDoctype: nothing,
        onEof: nothing,
        onCharacter: nothing,
        onNullCharacter: nothing,
        onWhitespaceCharacter: nothing,
        onStartTag: (token) => {
          balance.start(token);
          // The tree builder of parse5 does the same; names of the tree do not matter here.
          this.state = (token.selfClosing ? undefined : MODES.get(token.tagName)) ?? TokenizerMode.DATA;
          this.inForeignNode = balance.isOpen('svg') || balance.isOpen('math');
        },
        onEndTag: (token) => {
          balance.end(token);
          this.inForeignNode = balance.isOpen('svg') || balance.isOpen('math');
        },
        onParseError: ({ code, startOffset }) => {
          const line = this.currentToken?.location?.startLine ?? 1;
          const name = this.currentToken !== null && 'tagName' in this.currentToken ? this.currentToken.tagName : '';
          if (code === 'eof-in-comment') balance.report(line, 'the comment is never closed');
          else if (code === 'eof-in-tag' || (code.endsWith('in-attribute-name') && text[startOffset] === '<'))
            balance.report(line, `missing > after <${name.split('<')[0]}`);
        },
      },
    );
  }
}

class TagBalance {
  problem: LineProblem | null = null;
  private readonly open: { name: string; line: number }[] = [];
  private readonly counts = new Map<string, number>();

  isOpen(name: string): boolean {
    return (this.counts.get(name) ?? 0) > 0;
  }

  report(line: number, message: string): void {
    this.problem ??= { line, message };
  }

  start({ tagName: name, selfClosing, location }: Token.TagToken): void {
    const line = location?.startLine ?? 1;
    if (name.includes('<')) this.report(line, `missing > after <${name.split('<')[0]}`);
    if (selfClosing || VOID.has(name)) return;
    this.open.push({ name, line });
    this.count(name, 1);
  }

  end({ tagName: name, location }: Token.TagToken): void {
    const line = location?.startLine ?? 1;
    if (name.includes('<')) this.report(line, `missing > after </${name.split('<')[0]}`);
    if (VOID.has(name)) return;
    if (!this.isOpen(name)) return this.report(line, `</${name}> closes no open <${name}>`);
    for (let top = this.open.pop(); top !== undefined; top = this.open.pop()) {
      this.count(top.name, -1);
      if (top.name === name) return;
      if (!OPTIONAL.has(top.name))
        this.report(top.line, `<${top.name}> is not closed before </${name}> on line ${line}`);
    }
  }

  /** The first element that is still open although it needs its end tag. */
  unclosed(): LineProblem | null {
    const left = this.open.find(({ name }) => !OPTIONAL.has(name));
    return left === undefined ? null : { line: left.line, message: `<${left.name}> is never closed` };
  }

  private count(name: string, by: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }
}
