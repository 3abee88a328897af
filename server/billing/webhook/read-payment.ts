import 'server-only';
import { askIfThere, askStripe } from '@/server/billing/stripe-client';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { disagreement, withdrawnCents } from './dispute-money';

/** What Stripe says of a payment now: how much of it went back. */
export interface PaymentReading {
  /** US cents; falls again when a refund fails. */
  refundedCents: number;
  /** US cents that banks withdrew for disputes and have not returned. */
  disputedCents: number;
  /** Of the payment's row, from before Stripe was asked. */
  version: string;
}

/** The payment's row was written since Stripe was asked: another reading may be the newer one. */
export class StaleReading extends Error {}

/** How often a payment is read again because another reading was stored in between. */
const ATTEMPTS = 20;

/**
 * Reads from Stripe what went back of a payment, and has `work` store it; again as long as another reading came between.
 * Readings are therefore stored in the order in which Stripe had them, whatever the order of the events that caused them.
 * `work` gets null for a payment that is not of this Stripe account.
 */
export async function withPayment<T>(
  paymentIntentId: string,
  work: (reading: PaymentReading | null) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const version = await versionOf(paymentIntentId);
    const refundedCents = await readRefunded(paymentIntentId);
    try {
      if (refundedCents === null) return await work(null);
      return await work({ refundedCents, disputedCents: await readDisputed(paymentIntentId), version });
    } catch (error) {
      if (!(error instanceof StaleReading)) throw error;
    }
  }
  throw new AppError('conflict', `payment ${paymentIntentId} changed ${ATTEMPTS} times while it was read`);
}

/** What is known to be refunded of a payment, US cents. */
export async function knownRefunds(paymentIntentId: string): Promise<number> {
  return (await db().paymentFact.findUnique({ where: { paymentIntentId } }))?.refundedCents ?? 0;
}

/** Postgres' own version of the payment's row: the transaction that wrote it. The row is made, so that there is one. */
async function versionOf(paymentIntentId: string): Promise<string> {
  await db().$executeRaw`
    INSERT INTO "PaymentFact" ("paymentIntentId", "updatedAt") VALUES (${paymentIntentId}, ${now()}::timestamptz)
    ON CONFLICT ("paymentIntentId") DO NOTHING`;
  const [row] = await db().$queryRaw<{ version: string }[]>`
    SELECT xmin::text AS version FROM "PaymentFact" WHERE "paymentIntentId" = ${paymentIntentId}`;
  if (row === undefined) throw new StaleReading('the payment was deleted');
  return row.version;
}

async function readRefunded(paymentIntentId: string): Promise<number | null> {
  const charges = await askIfThere((stripe) => stripe.charges.list({ payment_intent: paymentIntentId, limit: 100 }));
  if (charges === null || charges.data.length === 0) return null;
  return charges.data.reduce((sum, charge) => sum + charge.amount_refunded, 0);
}

async function readDisputed(paymentIntentId: string): Promise<number> {
  const disputes = await askStripe((stripe) => stripe.disputes.list({ payment_intent: paymentIntentId, limit: 100 }));
  for (const dispute of disputes.data) {
    const odd = disagreement(dispute);
    if (odd !== null)
      logger().error({ dispute: dispute.id, status: dispute.status, paymentIntentId }, `${odd}: look at it at Stripe`);
  }
  return disputes.data.reduce((sum, dispute) => sum + withdrawnCents(dispute), 0);
}
