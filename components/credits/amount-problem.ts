import { z } from 'zod';
import { exactCredits, formatCredits, MOST_CREDITS, parseCredits } from '@/server/credits/schema';

/** What is wrong with an amount of credits as somebody typed it; undefined when `parseCredits` reads it. */
export function amountProblem(text: string): string | undefined {
  if (parseCredits(text) !== null) return undefined;
  const number = /^\d+(?:[.,](\d+))?$/.exec(text.trim());
  if (number === null) return 'Write an amount such as 12 or 12.50.';
  if ((number[1] ?? '').length > 6) return 'Write at most six decimals.';
  return `At most ${formatCredits(MOST_CREDITS)} credits.`;
}

/** A budget as somebody types it; as micro-credits, null when it is empty: no own limit. */
export const budgetTextSchema = z.object({
  budget: z.string().transform((text, context) => {
    if (text.trim() === '') return null;
    const message = amountProblem(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
    return parseCredits(text);
  }),
});

/** A budget as its field shows it. */
export const budgetText = (micro: bigint | null) => ({ budget: micro === null ? '' : exactCredits(micro) });
