import 'server-only';
import { askIfThere } from '@/server/billing/stripe-client';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';

/** What a payment's charge says of its refunds. */
export interface RefundReading {
  /** US cents; falls again when a refund fails. */
  cents: number;
  /** Of the payment's row, from before the charge was read. */
  version: string;
}

/** The payment's row was written since the charge was read: another reading may be the newer one. */
export class StaleReading extends Error {}

/** How often a charge is read again because another reading was stored meanwhile. */
const ATTEMPTS = 20;

/**
 * Reads from Stripe what is refunded of a payment, and has `work` store it; again as long as another reading came between.
 * Readings are therefore stored in the order in which Stripe had them, whatever the order of the events that caused them.
 * `work` gets null for a payment that is not of this Stripe account.
 */
export async function withRefunds<T>(
  paymentIntentId: string,
  work: (refunds: RefundReading | null) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const version = await versionOf(paymentIntentId);
    const cents = await readRefunded(paymentIntentId);
    try {
      return await work(cents === null ? null : { cents, version });
    } catch (error) {
      if (!(error instanceof StaleReading)) throw error;
    }
  }
  throw new AppError('conflict', `payment ${paymentIntentId} changed ${ATTEMPTS} times while its charge was read`);
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
  if (row === undefined) throw new StaleReading('the payment was deleted meanwhile');
  return row.version;
}

async function readRefunded(paymentIntentId: string): Promise<number | null> {
  const charges = await askIfThere((stripe) => stripe.charges.list({ payment_intent: paymentIntentId, limit: 100 }));
  if (charges === null || charges.data.length === 0) return null;
  return charges.data.reduce((sum, charge) => sum + charge.amount_refunded, 0);
}
