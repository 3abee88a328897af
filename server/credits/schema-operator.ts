/** What an operator may say about packages, plans and balances; safe for the browser. Credits are micro-credits, prices US cents. */
import { z } from 'zod';

const cents = z.number().int().min(0).max(1_000_000);
const micro = z.bigint().min(0n).max(1_000_000_000_000n);

/** Characters of a package's or a plan's name. */
const NAME_LENGTH = 40;
const name = z.string().trim().min(1, 'Give it a name.').max(NAME_LENGTH, `At most ${NAME_LENGTH} characters.`);

export const addPackageSchema = z.object({
  name,
  creditsMicro: micro.refine((value) => value > 0n, 'Write an amount above zero.'),
  priceUsdCents: cents.min(50, 'Write dollars from 0.50 on: the payment service takes no less.'),
  popular: z.boolean(),
  active: z.boolean(),
});
export type AddPackage = z.infer<typeof addPackageSchema>;

export const updatePackageSchema = addPackageSchema.partial().extend({ id: z.string().max(40) });
export type UpdatePackage = z.infer<typeof updatePackageSchema>;

export const updatePlanSchema = z.object({
  id: z.string().max(40),
  name: name.optional(),
  /** From the next period on; nobody's present period changes. */
  monthlyMicro: micro.optional(),
  welcomeMicro: micro.optional(),
  priceUsdCents: cents.optional(),
});
export type UpdatePlan = z.infer<typeof updatePlanSchema>;

/** A correction by hand. `amountMicro` is signed; the reason stands in the ledger for both sides to read. */
export const adjustSchema = z.object({
  organizationId: z.string().max(64),
  amountMicro: z
    .bigint()
    .min(-1_000_000_000_000n)
    .max(1_000_000_000_000n)
    .refine((value) => value !== 0n, 'Write an amount other than zero.'),
  reason: z.string().trim().min(5, 'Say why, in at least five characters.').max(300, 'At most 300 characters.'),
  /** One effect a key: the form makes it once, so that a double click adjusts once. */
  requestId: z.uuid(),
});
export type Adjust = z.infer<typeof adjustSchema>;
