import type { Outputs } from '@/components/trpc/types';
import type { BadgeTone } from '@/components/ui/badge';
import { formatUsd } from '@/server/billing/schema';
import { formatCredits } from '@/server/credits/schema';

export type Purchase = Outputs['billing']['purchases']['purchases'][number];

const STATES: Record<Purchase['status'], { label: string; tone: BadgeTone }> = {
  pending: { label: 'waiting for payment', tone: 'chalk' },
  paid: { label: 'paid', tone: 'success' },
  failed: { label: 'payment failed', tone: 'danger' },
  expired: { label: 'not paid', tone: 'neutral' },
  refunded: { label: 'refunded', tone: 'warning' },
  disputed: { label: 'disputed', tone: 'danger' },
};

/** A purchase's state as a word, and in a phrase what came of it where the word leaves that open. */
export function purchaseBadge(purchase: Purchase): { label: string; tone: BadgeTone; note: string | null } {
  const { status, refundedCents, disputedCents, priceUsdCents, clawedMicro, owedMicro } = purchase;
  const state = STATES[status];
  if (status === 'failed' || status === 'expired') return { ...state, note: 'nothing was charged' };
  const returned = refundedCents + disputedCents;
  const partly = returned > 0 && returned < priceUsdCents;
  const parts = [
    partly ? `${formatUsd(returned)} of ${formatUsd(priceUsdCents)}` : null,
    clawedMicro > 0n ? `${formatCredits(clawedMicro)} credits taken back` : null,
    owedMicro > 0n ? `${formatCredits(owedMicro)} had been used and became owed` : null,
  ].filter((part) => part !== null);
  return { ...state, note: parts.length === 0 ? null : parts.join(', ') };
}

/** Whether its payment page still takes the payment. */
export function canStillBePaid({ status, mock, checkoutUrl }: Purchase): boolean {
  return checkoutUrl !== null && (status === 'pending' || (status === 'failed' && mock));
}
