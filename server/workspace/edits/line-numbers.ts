/** Numbers that a model copied in front of lines: `12 | code`, `12: code`, or with a tab. */
const NUMBERED = /^\s{0,6}(\d{1,6})(?: ?[|│→] ?|:(?: |$)|\t)/;

/** Lines without their numbers, or null when they are not numbered one after the other. */
export function withoutNumbers(lines: readonly string[]): string[] | null {
  let next: number | null = null;
  for (const line of lines) {
    const [, digits] = NUMBERED.exec(line) ?? [];
    if (digits === undefined || (next !== null && Number(digits) !== next)) return null;
    next = Number(digits) + 1;
  }
  return next === null ? null : lines.map(withoutNumber);
}

export function withoutNumber(line: string): string {
  return line.replace(NUMBERED, '');
}
