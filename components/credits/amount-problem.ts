import { formatCredits, MOST_CREDITS, parseCredits } from '@/server/credits/schema';

/** What is wrong with an amount of credits as somebody typed it; undefined when `parseCredits` reads it. */
export function amountProblem(text: string): string | undefined {
  if (parseCredits(text) !== null) return undefined;
  const number = /^\d+(?:[.,](\d+))?$/.exec(text.trim());
  if (number === null) return 'Write an amount such as 12 or 12.50.';
  if ((number[1] ?? '').length > 6) return 'Write at most six decimals.';
  return `At most ${formatCredits(MOST_CREDITS)} credits.`;
}
