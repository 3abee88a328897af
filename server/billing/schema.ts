/** Payments as the browser sees them. Credits are micro-credits (bigint), prices whole US cents. */
import { z } from 'zod';

/** A path inside this application, never another origin: `//host`, `/\host` and control characters are refused. */
export function isLocalPath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop them, so `/<tab>/host` would leave the application
  if (!/^\/(?![/\\])/.test(path) || /[\u0000-\u001f\\]/.test(path)) return false;
  return URL.canParse(path, 'http://local.invalid') && new URL(path, 'http://local.invalid').host === 'local.invalid';
}

export const returnToSchema = z
  .string()
  .max(500)
  .refine(isLocalPath, { message: 'must be a path in this application' })
  .optional();

const id = z.string().min(1).max(64);

export const startTopupSchema = z.object({ packageId: id, returnTo: returnToSchema });
export const changePlanSchema = z.object({ planId: id, returnTo: returnToSchema });
export const purchaseSchema = z.object({ purchaseId: id });
export const purchasesSchema = z.object({ cursor: id.nullish(), limit: z.number().int().min(1).max(100).default(20) });
export const portalSchema = z.object({ returnTo: returnToSchema }).optional();
export const mockPaySchema = z.object({ purchaseId: id, action: z.enum(['pay', 'decline', 'cancel']) });

export type PurchaseStatus = 'pending' | 'paid' | 'failed' | 'expired' | 'refunded' | 'disputed';
export type PlanStatus = 'active' | 'past_due' | 'canceled';

/** What came of a wish for another plan. */
export interface PlanChange {
  /** `checkout`: go on at `url`. `scheduled`: takes effect `at`. */
  outcome: 'changed' | 'scheduled' | 'unchanged' | 'checkout';
  url: string | null;
  at: Date | null;
}

/** `9.99 USD` of 999 cents. */
export function formatUsd(cents: number): string {
  const sign = cents < 0 ? '-' : '';
  const whole = Math.abs(cents);
  return `${sign}${Math.floor(whole / 100)}.${(whole % 100).toString().padStart(2, '0')} USD`;
}
