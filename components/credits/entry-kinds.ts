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

/** What the amount beside the true cost is: the hold, which is no quote. */
export const HELD_AT_MOST =
  'What was set aside before the call: the most it could have cost. What it did not use came back.';
