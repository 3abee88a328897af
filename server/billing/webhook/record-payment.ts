import 'server-only';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { type RefundReading, StaleReading } from './read-refunds';

export interface PaymentFacts {
  purchaseId: string | null;
  refundedCents: number;
  /** What banks have taken or may take back: disputes that are open or lost, not those that were won. */
  disputedCents: number;
}

/**
 * Adds what is known about a payment and says all that is known. @throws StaleReading when `refunds` may be older than that. Its row is the meeting point of events about the payment
 * and events about the purchase: whichever comes second waits for the first's commit and sees it, so none is lost.
 */
export async function recordPayment(
  tx: Tx,
  input: {
    paymentIntentId: string;
    purchaseId: string | null;
    /** At least so much. */
    refundedCents?: number;
    /** Exactly so much: what the charge says. */
    refunds?: RefundReading | null;
    disputedCents?: number;
  },
): Promise<PaymentFacts> {
  const { paymentIntentId, purchaseId, disputedCents = 0 } = input;
  const refundedCents = input.refunds?.cents ?? input.refundedCents ?? 0;
  const version = input.refunds?.version ?? null;
  const [row] = await tx.$queryRaw<PaymentFacts[]>`
    INSERT INTO "PaymentFact" AS f ("paymentIntentId", "purchaseId", "refundedCents", "disputedCents", "updatedAt")
    VALUES (${paymentIntentId}, ${purchaseId}, ${refundedCents}, ${disputedCents}, ${now()}::timestamptz)
    ON CONFLICT ("paymentIntentId") DO UPDATE SET
      "purchaseId" = coalesce(f."purchaseId", excluded."purchaseId"),
      "refundedCents" = CASE WHEN ${version}::text IS NULL THEN greatest(f."refundedCents", excluded."refundedCents") ELSE excluded."refundedCents" END,
      "disputedCents" = greatest(f."disputedCents", excluded."disputedCents"),
      "updatedAt" = excluded."updatedAt"
    WHERE ${version}::text IS NULL OR f.xmin::text = ${version}
    RETURNING "purchaseId", "refundedCents", "disputedCents"`;
  if (row === undefined) throw new StaleReading();
  return row.disputedCents === 0 ? row : { ...row, disputedCents: await standingDisputes(tx, paymentIntentId) };
}

/**
 * US cents of a payment's disputes less those that were won. The stored events are the facts: a dispute is won once any
 * event says so, whatever came before or comes after. They are read only for a payment that was ever disputed.
 */
async function standingDisputes(tx: Tx, paymentIntentId: string): Promise<number> {
  const [row] = await tx.$queryRaw<{ cents: number }[]>`
    SELECT coalesce(sum(d.amount), 0)::int AS cents FROM (
      SELECT max((o->>'amount')::int) AS amount,
        bool_or(o->>'status' = 'won' OR ("type" = 'charge.dispute.funds_reinstated' AND o->>'status' <> 'lost')) AS won
      FROM (
        SELECT "type", "payload"#>'{data,object}' AS o FROM "StripeEvent"
        WHERE "type" IN ('charge.dispute.created', 'charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated', 'charge.dispute.closed')
      ) e
      WHERE coalesce(o#>>'{payment_intent,id}', o->>'payment_intent') = ${paymentIntentId} AND o->>'status' NOT LIKE 'warning\\_%'
      GROUP BY o->>'id'
    ) d WHERE NOT d.won`;
  return row?.cents ?? 0;
}
