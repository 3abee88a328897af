import 'server-only';
import { tokenTypes as T, tokenize } from 'css-tree';
import { type LineProblem, lineAt } from './line-problem';

const OPENS: Record<number, string> = {
  [T.LeftCurlyBracket]: '}',
  [T.LeftParenthesis]: ')',
  [T.Function]: ')',
  [T.LeftSquareBracket]: ']',
};
const CLOSES = new Set<number>([T.RightCurlyBracket, T.RightParenthesis, T.RightSquareBracket]);

/** A statement begins behind `;`, `{` or `}`. */
const SEPARATORS = new Set<number>([T.Semicolon, T.LeftCurlyBracket, T.RightCurlyBracket]);

/**
 * What no style sheet means: unbalanced brackets, strings, addresses and comments without an end, a declaration without a colon.
 * css-tree gives the tokens (CSS Syntax 3). Its grammar is not asked: it refuses nesting and the at-rules of Tailwind.
 */
export function cssProblem(text: string): LineProblem | null {
  const reader = new CssReader(text);
  tokenize(text, (type, start, end) => reader.take(type, start, end));
  const problem = reader.problem ?? reader.unclosed();
  return problem === null ? null : lineAt(text, problem);
}

interface Problem {
  offset: number;
  message: string;
}

class CssReader {
  problem: Problem | null = null;
  private readonly text: string;
  private readonly open: { closer: string; start: number }[] = [];
  /** Whether the first token of the statement is a name, as in a declaration, and no colon came after it. */
  private statement: { start: number; bareName: boolean } | null = null;

  constructor(text: string) {
    this.text = text;
  }

  take(type: number, start: number, end: number): void {
    if (this.problem !== null || type === T.WhiteSpace) return;
    const message = this.tokenProblem(type, start, end);
    if (message !== null) this.problem = { offset: start, message };
    else if (type !== T.Comment) {
      this.follow(type, start);
      this.balance(type, start);
    }
  }

  unclosed(): Problem | null {
    const left = this.open.at(-1);
    return left === undefined ? null : { offset: left.start, message: `no ${left.closer} closes this` };
  }

  private tokenProblem(type: number, start: number, end: number): string | null {
    if (type === T.Comment)
      return end - start >= 4 && this.text.startsWith('*/', end - 2) ? null : 'the comment has no end';
    if (type === T.BadString || (type === T.String && !endsQuoted(this.text, start, end)))
      return 'a string does not end on its line';
    return type === T.BadUrl || (type === T.Url && this.text[end - 1] !== ')')
      ? 'a url( ) that is not one address'
      : null;
  }

  private follow(type: number, start: number): void {
    const ends = type === T.Semicolon || type === T.RightCurlyBracket;
    const inBlock = (this.open.at(-1)?.closer ?? '}') === '}';
    if (ends && inBlock && this.statement?.bareName === true)
      this.problem = { offset: this.statement.start, message: 'a declaration without a colon' };
    if (SEPARATORS.has(type)) this.statement = null;
    else this.statement ??= { start, bareName: type === T.Ident };
    if (type === T.Colon && this.statement !== null) this.statement.bareName = false;
  }

  private balance(type: number, start: number): void {
    const closer = OPENS[type];
    if (closer !== undefined) this.open.push({ closer, start });
    else if (CLOSES.has(type) && this.open.pop()?.closer !== this.text[start])
      this.problem ??= { offset: start, message: `unexpected ${this.text[start]}` };
  }
}

/** A string may also end with the text, without its quote. */
function endsQuoted(text: string, start: number, end: number): boolean {
  if (end < text.length) return true;
  const inside = text.slice(start + 1, end - 1);
  const escapes = /\\*$/.exec(inside.slice(-100))?.[0].length ?? 0;
  return end - start > 1 && text[end - 1] === text[start] && escapes % 2 === 0;
}
