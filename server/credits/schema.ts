/** Credits as the browser sees them. 1 credit = 1,000,000 micro-credits (bigint). */
import { z } from 'zod';

export const MICRO = 1_000_000n;

/** Two decimals, rounded half up (away from zero), as shown everywhere. */
export function formatCredits(micro: bigint): string {
  const sign = micro < 0n ? '-' : '';
  const cents = ((micro < 0n ? -micro : micro) + 5_000n) / 10_000n;
  return `${cents === 0n ? '' : sign}${(cents / 100n).toString().replaceAll(/\B(?=(\d{3})+$)/g, ',')}.${(cents % 100n).toString().padStart(2, '0')}`;
}

/** Reads `12` or `12.5` credits; null when it is not an amount from 0 to 1,000,000 with at most six decimals. */
export function parseCredits(text: string): bigint | null {
  const match = /^(\d{1,7})(?:[.,](\d{1,6}))?$/.exec(text.trim());
  if (match === null) return null;
  const micro = BigInt(match[1] ?? 0) * MICRO + BigInt((match[2] ?? '').padEnd(6, '0'));
  return micro <= 1_000_000n * MICRO ? micro : null;
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

export const historyInputSchema = z.object({
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .nullish(),
  kind: z.enum(ENTRY_KINDS).optional(),
  projectId: z.string().max(64).optional(),
  limit: z.number().int().min(1).max(100).default(50),
});
