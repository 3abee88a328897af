/** White space in front of lines: how a model's indentation is carried over to the one the file has. */

/** Leading white space. The space before the `*` of a comment block belongs to the text. */
export function leading(line: string): string {
  const white = /^[ \t\u00a0]*/.exec(line)?.[0] ?? '';
  return white.endsWith(' ') && /^\*(?:[\s/*]|$)/.test(line.slice(white.length)) ? white.slice(0, -1) : white;
}

export function withIndent(indent: string, line: string): string {
  return line.trim() === '' ? line : indent + line.slice(leading(line).length);
}

/** One level of indentation: a tab, or some spaces. Null when the lines do not tell. */
export function unitOf(lines: readonly string[]): string | null {
  const indents = lines.filter((line) => line.trim() !== '').map(leading);
  const deep = indents.filter((indent) => indent !== '');
  if (deep.length === 0) return null;
  const tabs = deep.filter((indent) => indent.startsWith('\t')).length;
  if (tabs * 2 > deep.length) return '\t';
  if (tabs > 0) return null;
  const steps = new Map<number, number>();
  for (const [i, indent] of indents.entries()) {
    const step = indent.length - (indents[i - 1]?.length ?? 0);
    if (step > 0) steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  const [usual] = [...steps].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0] ?? [];
  return usual === undefined ? null : ' '.repeat(usual);
}

/** The step between the indentations that occur, whether or not each follows the one before. */
export function stepOf(lines: readonly string[]): string | null {
  const indents = lines.filter((line) => line.trim() !== '').map(leading);
  if (indents.some((indent) => indent.startsWith('\t')))
    return indents.every((indent) => /^\t*$/.test(indent)) ? '\t' : null;
  const widths = [...new Set(indents.map(({ length }) => length))].sort((a, b) => a - b);
  let step = 0;
  for (const [i, width] of widths.entries()) step = gcd(step, width - (widths[i - 1] ?? width));
  return step === 0 ? null : ' '.repeat(step);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Levels from one indentation to another, counted in a unit; null when they are not whole or not alike. */
export function levelsBetween(from: string, to: string, unit: string): number | null {
  const [long, short] = to.length >= from.length ? [to, from] : [from, to];
  if (!long.startsWith(short)) return null;
  const levels = (long.length - short.length) / unit.length;
  if (!Number.isInteger(levels) || long.slice(short.length) !== unit.repeat(levels)) return null;
  return long === to ? levels : -levels;
}

export function shiftLevels(indent: string, levels: number, unit: string): string | null {
  if (levels >= 0) return indent + unit.repeat(levels);
  const gone = unit.repeat(-levels);
  return indent.endsWith(gone) ? indent.slice(0, indent.length - gone.length) : null;
}

/** Maps a leading white space of the section to one of the file, or null when it cannot. */
export type Shift = (indent: string) => string | null;

/** Every line shifted by the same white space: then any indentation is. */
export function uniformShift(pairs: readonly { from: string; to: string }[]): Shift | null {
  const [first] = pairs;
  if (first === undefined) return null;
  const { from, to } = first;
  if (to.endsWith(from)) {
    const more = to.slice(0, to.length - from.length);
    return pairs.every((pair) => pair.to === more + pair.from) ? (indent) => more + indent : null;
  }
  if (!from.endsWith(to)) return null;
  const less = from.slice(0, from.length - to.length);
  if (!pairs.every((pair) => pair.from === less + pair.to)) return null;
  return (indent) => (indent.startsWith(less) ? indent.slice(less.length) : null);
}

/** Indentations that occur are looked up; others are counted in levels from every one that does, and must agree. */
export function levelShift(
  pairs: readonly { from: string; to: string }[],
  step: string | null,
  unit: string | null,
): Shift {
  const table = new Map<string, Set<string>>();
  for (const { from, to } of pairs) table.set(from, (table.get(from) ?? new Set()).add(to));
  return (indent) => {
    const known = table.get(indent);
    if (known !== undefined) return known.size === 1 ? ([...known][0] ?? null) : null;
    if (step === null || unit === null) return null;
    const found = new Set<string | null>();
    for (const { from, to } of pairs) {
      const levels = levelsBetween(from, indent, step);
      found.add(levels === null ? null : shiftLevels(to, levels, unit));
    }
    return found.size === 1 ? ([...found][0] ?? null) : null;
  };
}
