import 'server-only';

const WORD = /[\p{L}\p{N}_$]+/gu;
const PLAIN = /^[a-z0-9]+$/;
/** Postgres refuses a lexeme above 2,046 bytes; nothing that long is a word. */
const MAX_WORD = 64;

/** `parseHTTPHeader_v2` -> `parse HTTP Header v2`. */
function partsOf(word: string): string[] {
  return word
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[\s_$]+/)
    .filter((part) => part !== '');
}

/** A name as words: `chunkFile` -> `chunk file`, `Parser.parse_all` -> `parser parse all`. */
export function splitIdentifier(name: string): string {
  return (name.match(WORD) ?? []).flatMap(partsOf).join(' ').toLowerCase();
}

/**
 * Every word of a text, lower case, and beside each compound name its parts: `chunkFile` gives `chunkfile chunk file`, so
 * both a name typed in full and a plain question find it. Only letters, digits and spaces come out.
 */
export function lexicalWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.match(WORD) ?? []) {
    // Most words are plain; splitting them would be most of the cost of a search.
    if (match.length <= MAX_WORD && PLAIN.test(match)) {
      words.push(match);
      continue;
    }
    const parts = partsOf(match);
    const whole = parts.join('');
    if (whole === '' || whole.length > MAX_WORD) continue;
    words.push(whole.toLowerCase());
    if (parts.length > 1) for (const part of parts) words.push(part.toLowerCase());
  }
  return words;
}

/** Stands for the project in a chunk's tsvector; the colon keeps it apart from every word. */
export function projectLexeme(projectId: string): string {
  return `p:${projectId}`;
}
