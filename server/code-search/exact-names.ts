import 'server-only';

/** A name of code, dots of `Parser.parse` and of `README.md` included. */
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*(?:[.-][\p{L}_$][\p{L}\p{N}_$]*)*/gu;
/** What no plain word has: a hump, an underscore, a dollar sign, a digit or a dot inside. */
const CODE_LIKE = /\p{Ll}\p{Lu}|[_$\p{N}]|\p{L}\.\p{L}/u;

/** Names of code that a question spells out: what looks like one, stands in backticks, or is the whole question. */
export function namesIn(question: string): string[] {
  const whole = question.trim();
  const quoted = [...question.matchAll(/`([^`]+)`/g)].flatMap(([, inner = '']) => inner.match(NAME) ?? []);
  const names = question.match(NAME) ?? [];
  return [...new Set([...quoted, ...names.filter((name) => name === whole || CODE_LIKE.test(name))])];
}

const lastPart = (name: string) => name.split('.').at(-1) ?? name;

/** How exactly a chunk answers to one of the names: 2 declares it or is that file, 1 spells it, 0 neither. Case counts. */
export function exactness(
  names: readonly string[],
  chunk: { path: string; symbol: string | null; content: string },
): 0 | 1 | 2 {
  const symbols = chunk.symbol?.split(', ') ?? [];
  const declares = (name: string) =>
    symbols.some((symbol) => symbol === name || lastPart(symbol) === name) ||
    chunk.path === name ||
    chunk.path.endsWith(`/${name}`);
  if (names.some(declares)) return 2;
  return names.some((name) => holdsWord(chunk.content, name)) ? 1 : 0;
}

/** Whether a name stands in a text with no letter, digit, `_` or `$` beside it. */
function holdsWord(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const around = (text[at - 1] ?? ' ') + (text[at + name.length] ?? ' ');
    if (!/[\p{L}\p{N}_$]/u.test(around)) return true;
  }
  return false;
}
