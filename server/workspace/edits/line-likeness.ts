/** How alike two lines are. */

const TYPOGRAPHY: [RegExp, string][] = [
  [/[‘’‚‛′]/g, "'"],
  [/[“”„‟″«»]/g, '"'],
  [/[‐‑‒–—―−]/g, '-'],
  [/…/g, '...'],
  [/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g, ' '],
  [/[\u200b-\u200d\u2060\ufeff]/g, ''],
];

/** Without margins, and every run of white space as one space. */
export function collapsed(line: string): string {
  return line.trim().replaceAll(/\s+/g, ' ');
}

/** The same with plain quotes, dashes and spaces in place of typographic ones. */
export function untypographic(line: string): string {
  let text = line;
  if (/\P{ASCII}/u.test(text)) for (const [from, to] of TYPOGRAPHY) text = text.replaceAll(from, to);
  return collapsed(text);
}

/** Whether two lines differ in nothing but white space and typography. */
export function sameWords(a: string, b: string): boolean {
  const [one, other] = [a, b].map((line) => untypographic(line).replaceAll(' ', ''));
  return one === other;
}

/** Whether a line says enough to tell a place: not a bracket or an `end` alone. */
export function isTelling(line: string): boolean {
  const letters = line.match(/[\p{L}\p{N}_]/gu)?.length ?? 0;
  return letters >= 3 && !/^\W*(?:end|else|try|done|esac|begin|finally|return|break|continue)\W*$/.test(line);
}

/** `// Build` of `// Build spheres`: a line whose tail was left out. */
export function isHeadOf(head: string, line: string): boolean {
  return head.length >= 8 && line.startsWith(head) && !/^[\p{L}\p{N}_]/u.test(line.slice(head.length));
}

/** Dice coefficient over character pairs (Dice 1945), 1 for equal lines; pairs of each line are counted once. */
export function comparer(): (a: string, b: string) => number {
  const counted = new Map<string, Map<string, number>>();
  const pairsOf = (line: string) => {
    let pairs = counted.get(line);
    if (pairs === undefined) {
      pairs = new Map();
      for (let i = 0; i < line.length - 1; i++) {
        const pair = line.slice(i, i + 2);
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
      counted.set(line, pairs);
    }
    return pairs;
  };
  return (a, b) => {
    if (a === b) return 1;
    if (a.length < 2 || b.length < 2 || a.length > 400 || b.length > 400) return 0;
    const total = a.length + b.length - 2;
    // No more pairs can be shared than the shorter line has.
    if ((2 * (Math.min(a.length, b.length) - 1)) / total < 0.4) return 0;
    const left = pairsOf(a);
    let shared = 0;
    for (const [pair, times] of pairsOf(b)) shared += Math.min(times, left.get(pair) ?? 0);
    return (2 * shared) / total;
  };
}
