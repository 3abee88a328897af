/** Credits as the browser sees them. 1 credit = 1,000,000 micro-credits (bigint). */
import { z } from 'zod';

export const MICRO = 1_000_000n;

/** One hundredth of a credit: the least that two decimals can show. */
const HUNDREDTH = MICRO / 100n;

/** Two decimals, rounded half up (away from zero), as shown everywhere. What is above zero never looks like nothing: `<0.01`. */
export function formatCredits(micro: bigint): string {
  const sign = micro < 0n ? '-' : '';
  const abs = micro < 0n ? -micro : micro;
  if (abs > 0n && abs < HUNDREDTH) return `${sign}<0.01`;
  const cents = (abs + HUNDREDTH / 2n) / HUNDREDTH;
  return `${sign}${(cents / 100n).toString().replaceAll(/\B(?=(\d{3})+$)/g, ',')}.${(cents % 100n).toString().padStart(2, '0')}`;
}

/** The whole amount, two to six decimals, without a separator: for receipts, tooltips, and fields that `parseCredits` reads back. */
export function exactCredits(micro: bigint): string {
  const abs = micro < 0n ? -micro : micro;
  const decimals = (abs % MICRO)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${micro < 0n ? '-' : ''}${abs / MICRO}.${decimals}`;
}

/** A quote from its likely to its upper amount, once where both look the same. */
export function formatQuote(p50: bigint, p90: bigint): string {
  const [likely, upper] = [formatCredits(p50), formatCredits(p90)];
  return likely === upper ? upper : `${likely}–${upper}`;
}

/** Micro-credits: the most that a person may write, and that a package, a plan or a budget may hold. */
export const MOST_CREDITS = 1_000_000n * MICRO;

/** Reads `12` or `12.5` credits; null when it is not an amount from 0 to 1,000,000 with at most six decimals. */
export function parseCredits(text: string): bigint | null {
  const match = /^(\d{1,7})(?:[.,](\d{1,6}))?$/.exec(text.trim());
  if (match === null) return null;
  const micro = BigInt(match[1] ?? 0) * MICRO + BigInt((match[2] ?? '').padEnd(6, '0'));
  return micro <= MOST_CREDITS ? micro : null;
}

export const ENTRY_KINDS = [
  'plan_allocation',
  'welcome_bonus',
  'promo_bonus',
  'topup_purchase',
  'usage',
  'usage_refund',
  'plan_adjustment',
  'expiry',
  'manual_adjustment',
  'refund',
] as const;

const daySchema = z.iso.date();

/** What part of the ledger is wanted. Days are UTC; `to` is included. */
export const historyFilterSchema = z.object({
  kind: z.enum(ENTRY_KINDS).optional(),
  projectId: z.string().max(64).optional(),
  /** provider:model */
  model: z.string().max(120).optional(),
  from: daySchema.optional(),
  to: daySchema.optional(),
});
export type HistoryFilter = z.infer<typeof historyFilterSchema>;

/** Days a usage report covers at most. */
export const REPORT_DAYS = 92;
export const reportInputSchema = z.object({ days: z.number().int().min(1).max(REPORT_DAYS).default(30) });

export const historyInputSchema = historyFilterSchema.extend({
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .nullish(),
  limit: z.number().int().min(1).max(100).default(50),
});
