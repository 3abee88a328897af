import 'server-only';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { type PaymentReading, StaleReading } from './read-payment';

export interface PaymentFacts {
  purchaseId: string | null;
  refundedCents: number;
  /** What banks withdrew for disputes and have not returned. */
  disputedCents: number;
}

/**
 * Adds what is known about a payment and says all that is known. Its row is the meeting point of events about the payment
 * and events about the purchase: the one that comes second waits for the first's commit and sees it, so none is lost.
 * @throws StaleReading when `reading` may be older than what is stored
 */
export async function recordPayment(
  tx: Tx,
  input: { paymentIntentId: string; purchaseId: string | null; reading?: PaymentReading },
): Promise<PaymentFacts> {
  const { paymentIntentId, purchaseId, reading } = input;
  const version = reading?.version ?? null;
  const [row] = await tx.$queryRaw<PaymentFacts[]>`
    INSERT INTO "PaymentFact" AS f ("paymentIntentId", "purchaseId", "refundedCents", "disputedCents", "updatedAt")
    VALUES (${paymentIntentId}, ${purchaseId}, ${reading?.refundedCents ?? 0}, ${reading?.disputedCents ?? 0}, ${now()}::timestamptz)
    ON CONFLICT ("paymentIntentId") DO UPDATE SET
      "purchaseId" = coalesce(f."purchaseId", excluded."purchaseId"),
      "refundedCents" = CASE WHEN ${version}::text IS NULL THEN f."refundedCents" ELSE excluded."refundedCents" END,
      "disputedCents" = CASE WHEN ${version}::text IS NULL THEN f."disputedCents" ELSE excluded."disputedCents" END,
      "updatedAt" = excluded."updatedAt"
    WHERE ${version}::text IS NULL OR f.xmin::text = ${version}
    RETURNING "purchaseId", "refundedCents", "disputedCents"`;
  if (row === undefined) throw new StaleReading();
  return row;
}
