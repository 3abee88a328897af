/** What an operator may say about models and prices; safe for the browser. */
import { z } from 'zod';

const usdPerMillion = z
  .string()
  .trim()
  .regex(/^\d{1,6}(\.\d{1,9})?$/, 'Write dollars such as 1.25, with at most nine decimals.');

/** A new price row. Dollars a million tokens (or an image), as text, so that no binary fraction comes in. */
export const addPriceSchema = z.object({
  modelRef: z.string().min(3).max(120),
  input: usdPerMillion,
  output: usdPerMillion,
  cached: usdPerMillion,
  /** Dollars an image that goes in, and that comes out; not named: as it was. */
  imageIn: usdPerMillion.optional(),
  imageOut: usdPerMillion.optional(),
  /** ISO time in UTC; default: now. Never in the past: receipts keep their price. */
  effectiveFrom: z.iso.datetime().optional(),
});
export type AddPrice = z.infer<typeof addPriceSchema>;

export const updateModelSchema = z.object({
  modelRef: z.string().min(3).max(120),
  active: z.boolean().optional(),
  label: z.string().trim().min(1).max(80).optional(),
  /** Null: not deprecated. */
  deprecatedAt: z.iso.datetime().nullable().optional(),
  replacedBy: z.string().max(120).nullable().optional(),
});
export type UpdateModel = z.infer<typeof updateModelSchema>;

/** Dollars as decimal text -> nano-dollars. */
export function nanoDollars(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

/** Nano-dollars -> dollars as decimal text without trailing zeros, at least two decimals. */
export function dollars(nano: bigint): string {
  const fraction = (nano % 1_000_000_000n)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '');
  return `${nano / 1_000_000_000n}.${fraction}`;
}
