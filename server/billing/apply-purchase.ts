import 'server-only';
import { clawBack } from '@/server/credits/claw-back';
import { grant } from '@/server/credits/ledger';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { lockAccount } from './lock-account';
import { notifyOwed } from './notify';
import { creditsToClawBack, earliest, purchaseStatus } from './purchase-effects';

/** Facts to add to a purchase; what is left out stays as it is. */
export interface NewFacts {
  paymentIntentId?: string | null;
  paidAt?: Date;
  failedAt?: Date;
  expiredAt?: Date;
}

interface PaymentFacts {
  purchaseId: string | null;
  refundedCents: number;
  disputedCents: number;
}

/**
 * Adds what is known about a payment and says all that is known. Its row is the meeting point of events about the payment
 * and events about the purchase: whichever comes second waits for the first's commit and sees it, so none is lost.
 */
export async function recordPayment(
  tx: Tx,
  input: { paymentIntentId: string; purchaseId: string | null; refundedCents?: number; disputedCents?: number },
): Promise<PaymentFacts> {
  const { paymentIntentId, purchaseId, refundedCents = 0, disputedCents = 0 } = input;
  const [row] = await tx.$queryRaw<PaymentFacts[]>`
    INSERT INTO "PaymentFact" AS f ("paymentIntentId", "purchaseId", "refundedCents", "disputedCents", "updatedAt")
    VALUES (${paymentIntentId}, ${purchaseId}, ${refundedCents}, ${disputedCents}, ${now()}::timestamptz)
    ON CONFLICT ("paymentIntentId") DO UPDATE SET
      "purchaseId" = coalesce(f."purchaseId", excluded."purchaseId"),
      "refundedCents" = greatest(f."refundedCents", excluded."refundedCents"),
      "disputedCents" = greatest(f."disputedCents", excluded."disputedCents"),
      "updatedAt" = excluded."updatedAt"
    RETURNING "purchaseId", "refundedCents", "disputedCents"`;
  if (row === undefined) throw new Error('the payment was not recorded');
  return row;
}

/**
 * Merges facts into a purchase and brings the ledger to what all facts together mean. The result does not depend on the
 * order or the number of calls.
 * @returns `unknown` (no such purchase here) or `payment_taken` (the payment already paid for another purchase)
 */
export async function applyPurchase(
  tx: Tx,
  purchaseId: string,
  facts: NewFacts,
): Promise<'ok' | 'unknown' | 'payment_taken'> {
  const known = await tx.purchase.findUnique({ where: { id: purchaseId } });
  if (known === null) return 'unknown';
  const paymentIntentId = facts.paymentIntentId ?? known.paymentIntentId;
  const payment = paymentIntentId === null ? null : await recordPayment(tx, { paymentIntentId, purchaseId });
  if (payment !== null && payment.purchaseId !== purchaseId) return 'payment_taken';
  await lockAccount(tx, known.organizationId);
  // Read again: what was read before the lock may be old.
  const purchase = await tx.purchase.findUniqueOrThrow({ where: { id: purchaseId } });
  const merged = {
    ...purchase,
    paidAt: earliest(purchase.paidAt, facts.paidAt),
    failedAt: earliest(purchase.failedAt, facts.failedAt),
    expiredAt: earliest(purchase.expiredAt, facts.expiredAt),
    refundedCents: Math.max(purchase.refundedCents, payment?.refundedCents ?? 0),
    disputedCents: Math.max(purchase.disputedCents, payment?.disputedCents ?? 0),
  };
  const { clawedMicro, owedMicro } = await bringLedgerTo(tx, merged);
  await tx.purchase.update({
    where: { id: purchaseId },
    data: {
      status: purchaseStatus(merged),
      paymentIntentId,
      paidAt: merged.paidAt,
      failedAt: merged.failedAt,
      expiredAt: merged.expiredAt,
      refundedCents: merged.refundedCents,
      disputedCents: merged.disputedCents,
      clawedMicro,
      owedMicro,
      completedAt: merged.paidAt === null ? null : (purchase.completedAt ?? now()),
    },
  });
  return 'ok';
}

type MergedPurchase = NonNullable<Awaited<ReturnType<Tx['purchase']['findUnique']>>>;

/** Grants what was paid for, then takes back what refunds and disputes returned beyond what was taken back before. */
async function bringLedgerTo(tx: Tx, purchase: MergedPurchase): Promise<{ clawedMicro: bigint; owedMicro: bigint }> {
  const { id, organizationId, userId, packageId, creditsMicro, clawedMicro, owedMicro } = purchase;
  if (purchase.paidAt === null) return { clawedMicro, owedMicro };
  const metadata = { purchaseId: id, packageId, priceUsdCents: purchase.priceUsdCents, mock: purchase.mock };
  if (purchase.completedAt === null) {
    await grant(tx, {
      organizationId,
      kind: 'topup_purchase',
      amount: creditsMicro,
      bucket: 'bonus',
      idempotencyKey: `purchase:${id}`,
      userId,
      note: 'Top-up',
      metadata,
    });
  }
  const target = creditsToClawBack(purchase);
  const missing = target - clawedMicro - owedMicro;
  if (missing <= 0n) return { clawedMicro, owedMicro };
  const { taken, owed } = await clawBack(tx, {
    organizationId,
    amount: missing,
    idempotencyKey: `claw-back:${id}:${target}`,
    userId,
    note: purchase.disputedCents > 0 ? 'Payment disputed' : 'Payment refunded',
    metadata: { ...metadata, refundedCents: purchase.refundedCents, disputedCents: purchase.disputedCents },
  });
  if (owed > 0n) await notifyOwed(tx, organizationId);
  return { clawedMicro: clawedMicro + taken, owedMicro: owedMicro + owed };
}
