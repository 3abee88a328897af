import 'server-only';

/** Different characters a secret has at least. Sixteen random hexadecimal digits have fewer once in ten thousand times. */
const DIFFERENT_CHARACTERS = 6;

const PLACEHOLDER =
  /change.?(me|this)|replace.?(me|this)|password|your.?(own.?)?(secret|key)|placeholder|secret.?(key|here)|qwerty/i;

/** Whether a secret has few different characters, repeats itself, runs through the alphabet, or is a placeholder. */
export function isGuessable(value: string): boolean {
  const codes = Array.from(value, (character) => character.charCodeAt(0));
  const steps = codes.slice(1).filter((code, index) => Math.abs(code - (codes[index] ?? 0)) <= 1);
  return (
    new Set(codes).size < DIFFERENT_CHARACTERS ||
    /^(.+?)\1+.{0,8}$/s.test(value) ||
    steps.length > codes.length / 2 ||
    PLACEHOLDER.test(value)
  );
}
