/** The operator's forms: texts as they are typed, read into what the server's own schemas take, with a word on each field. */
import { z } from 'zod';
import { amountProblem } from '@/components/credits/amount-problem';
import { parseCredits } from '@/server/credits/schema';
import { addPackageSchema, adjustSchema, updatePlanSchema } from '@/server/credits/schema-operator';
import { addPriceSchema } from '@/server/models/catalogue/schema-operator';
import { parseUsd, takeProblem, usdProblem, utcMoment } from './amounts';

/** A text that `read` understands; what `problem` says of it where it does not. */
function typed<T>(read: (text: string) => T | null, problem: (text: string) => string | undefined) {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: problem(text) ?? 'This is not valid.' });
    return z.NEVER;
  });
}

const credits = typed(parseCredits, amountProblem);
const usd = typed(parseUsd, usdProblem);
const noMoment = () => 'Write a day and a time.';
const moment = typed(utcMoment, noMoment);

const { name, creditsMicro, priceUsdCents, popular, active } = addPackageSchema.shape;
export const packageForm = z.object({
  name,
  creditsMicro: credits.pipe(creditsMicro),
  priceUsdCents: usd.pipe(priceUsdCents),
  popular,
  active,
});

const plan = updatePlanSchema.required().shape;
export const planForm = z.object({
  name: plan.name,
  monthlyMicro: credits.pipe(plan.monthlyMicro),
  welcomeMicro: credits.pipe(plan.welcomeMicro),
  priceUsdCents: usd.pipe(plan.priceUsdCents),
});

/** Without a moment: at once. */
export const priceForm = addPriceSchema.pick({ input: true, cached: true, output: true }).extend({
  effectiveFrom: typed((text) => (text === '' ? undefined : utcMoment(text)), noMoment),
});

export const deprecationForm = z.object({
  deprecatedAt: moment,
  replacedBy: z.string().transform((ref) => (ref === '' ? null : ref)),
});

/** `bonus`: micro-credits that can be taken. */
export function adjustmentForm(bonus: bigint) {
  return z
    .object({
      direction: z.enum(['give', 'take']),
      amount: credits.refine((micro) => micro > 0n, 'Write an amount above zero, such as 5 or 12.50.'),
      reason: adjustSchema.shape.reason,
    })
    .superRefine(({ direction, amount }, context) => {
      const problem = direction === 'take' ? takeProblem(bonus, amount) : null;
      if (problem !== null) context.addIssue({ code: 'custom', path: ['amount'], message: problem });
    });
}
