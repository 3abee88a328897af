import type { PurchaseStatus } from '@/server/billing/schema';
import { formatCredits } from '@/server/credits/schema';

/** What is known about a purchase. Times only move earlier; amounts fall when a refund fails or a dispute is won. */
export interface PurchaseFacts {
  creditsMicro: bigint;
  priceUsdCents: number;
  paidAt: Date | null;
  failedAt: Date | null;
  expiredAt: Date | null;
  refundedCents: number;
  disputedCents: number;
}

/** The earlier of two times, null meaning never. */
export function earliest(a: Date | null, b: Date | null | undefined): Date | null {
  if (a === null || b === null || b === undefined) return a ?? b ?? null;
  return a < b ? a : b;
}

/** What is shown. A payment that succeeded in the end outweighs earlier failures and the session's expiry. */
export function purchaseStatus(facts: PurchaseFacts): PurchaseStatus {
  if (facts.paidAt === null) {
    if (facts.failedAt !== null) return 'failed';
    return facts.expiredAt === null ? 'pending' : 'expired';
  }
  if (facts.disputedCents > 0) return 'disputed';
  return facts.refundedCents > 0 ? 'refunded' : 'paid';
}

/**
 * Micro-credits that refunds and disputes take back in all: in proportion to the price, rounded up, at most all. Money
 * both refunded and disputed counts twice up to the price: the bank decides between the two later.
 */
export function creditsToClawBack(facts: PurchaseFacts): bigint {
  const returned = BigInt(facts.refundedCents + facts.disputedCents);
  const price = BigInt(facts.priceUsdCents);
  if (returned <= 0n) return 0n;
  if (returned >= price) return facts.creditsMicro;
  return (facts.creditsMicro * returned + price - 1n) / price;
}

/** What a buyer reads of a package, on Stripe's page and in the history: `Popular, 500 credits`. */
export function describePackage(name: string, creditsMicro: bigint): string {
  return `${name}, ${formatCredits(creditsMicro).replace(/\.00$/, '')} credits`;
}
