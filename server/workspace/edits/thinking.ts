/** What a model says to itself in the text of its answer: drafts there are no edits. */

const WORD =
  '(?:(?:ant|seed:)?think(?:ing)?|thoughts?|reasoning|reflection|analysis|scratchpad|(?:inner|internal)_monologue)';
const OPEN = new RegExp(String.raw`^\s*(?:<(${WORD})(?:\s[^>]*)?>|\[(THINK)\]|◁(think)▷)`, 'i');
/** At the start of a line, or at its end when it is no code there. */
const CLOSE = new RegExp(
  String.raw`^\s*(?:</${WORD}>|\[/THINK\]|◁/think▷)|[^\x60\s]\s*(?:</${WORD}>|\[/THINK\]|◁/think▷)\s*$`,
  'i',
);
/** Tokens that end an answer and that some servers leak into its text. */
const TOKEN = String.raw`(?:<\|[\w ]{2,24}\|>|<｜[^｜\n]{2,24}｜>|<\/s>|<end_of_turn>|\[\/?INST\])`;
const TOKENS = new RegExp(String.raw`^(?:\s*${TOKEN})+\s*$`);

export function isEndToken(text: string): boolean {
  return text.length < 200 && TOKENS.test(text);
}

/** The text without tokens on its last line. */
export function withoutEndTokens(text: string): string {
  const end = text.trimEnd();
  const from = end.lastIndexOf('\n') + 1;
  const line = end.slice(from);
  if (line.length > 4000) return text;
  const rest = line.replace(new RegExp(String.raw`(?:\s*${TOKEN})+$`), '');
  return rest === line ? text : `${end.slice(0, from)}${rest}\n`;
}

/** The end of thinking that no line began: then it cannot be told what before it is the answer. */
export function isStrayEnd(line: string): boolean {
  return CLOSE.test(line);
}

interface Thinking {
  /** The first line after it. */
  next: number;
  ended: boolean;
  /** Fences in it. */
  drafts: number;
}

/** Thinking that opens at a line outside of a fence; null when none does. */
export function skipThinking(lines: readonly string[], i: number): Thinking | null {
  const line = lines[i] ?? '';
  const [, ...words] = OPEN.exec(line) ?? [];
  const word = words.find((one) => one !== undefined)?.toLowerCase();
  const isComment = /^\s*<!--(?!.*-->)/.test(line);
  if (word === undefined && !isComment) return null;
  const close = isComment
    ? '-->'
    : /^\s*([[◁])/.exec(line) === null
      ? `</${word}>`
      : line.trim()[0] === '['
        ? '[/think]'
        : '◁/think▷';
  let end = i;
  while (end < lines.length && !lines[end]?.toLowerCase().includes(close)) end++;
  // Without an end it cannot be told where the answer begins.
  if (end === lines.length) return { next: lines.length, ended: false, drafts: draftsIn(lines.slice(i)) };
  return { next: end + 1, ended: true, drafts: draftsIn(lines.slice(i, end)) };
}

/**
 * The line after thinking whose opening tag was not sent. A closing tag inside of a file is told by the fence around it,
 * which ends after the tag.
 */
export function startOfAnswer(lines: readonly string[]): { line: number; drafts: number } {
  const close = lines.findIndex((line) => CLOSE.test(line));
  if (close < 0 || lines.slice(0, close).some((line) => OPEN.test(line))) return { line: 0, drafts: 0 };
  let fence: string | null = null;
  for (const line of lines.slice(0, close)) {
    const [, mark, info = ''] = /^(`{3,})([^`]*)$/.exec(line) ?? [];
    if (mark === undefined) continue;
    if (fence === null) fence = mark;
    else if (mark === fence && info.trim() === '') fence = null;
  }
  if (fence !== null) {
    const next = lines.slice(close + 1).find((line) => line.startsWith(fence ?? ''));
    if (next === undefined || next.slice(fence.length).trim() === '') return { line: 0, drafts: 0 };
  }
  return { line: close + 1, drafts: draftsIn(lines.slice(0, close)) };
}

function draftsIn(lines: readonly string[]): number {
  return Math.ceil(lines.filter((line) => /^\s*`{3,}[^`]*$/.test(line)).length / 2);
}
