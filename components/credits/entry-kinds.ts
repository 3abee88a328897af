import type { ENTRY_KINDS } from '@/server/credits/schema';

export type EntryKind = (typeof ENTRY_KINDS)[number];

/** What a ledger entry is called. */
export const ENTRY_KIND_NAME: Record<EntryKind, string> = {
  plan_allocation: 'Monthly credits',
  welcome_bonus: 'Welcome credits',
  promo_bonus: 'Promotion',
  topup_purchase: 'Top-up',
  usage: 'Usage',
  usage_refund: 'Rework refunded',
  plan_adjustment: 'Plan change',
  expiry: 'Expired',
  manual_adjustment: 'Adjustment',
  refund: 'Refund',
};
