import 'server-only';
import {
  creditsToClawBack,
  describePackage,
  earliest,
  purchaseStatus,
} from '@/server/billing/checkout/purchase-effects';
import { lockAccount } from '@/server/billing/lock-account';
import { grant } from '@/server/credits/ledger/ledger';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { recomputeClawBack } from './recompute-claw-back';
import { recordPayment } from './record-payment';

/** Facts to add to a purchase; what is left out stays as it is. */
export interface NewFacts {
  paymentIntentId?: string | null;
  paidAt?: Date;
  failedAt?: Date;
  expiredAt?: Date;
}

/**
 * Merges facts into a purchase and brings the ledger to what all facts together mean. The result does not depend on the
 * order or the number of calls.
 * @returns `unknown` (no such purchase here), `payment_taken` (the payment already paid for another purchase),
 *   `other_payment` (another payment already paid for this purchase) or `nobody` (paid after its organization was deleted:
 *   all facts but this one count, and no credits come)
 */
export async function applyPurchase(
  tx: Tx,
  purchaseId: string,
  facts: NewFacts,
): Promise<'ok' | 'unknown' | 'payment_taken' | 'other_payment' | 'nobody'> {
  const known = await tx.purchase.findUnique({ where: { id: purchaseId } });
  if (known === null) return 'unknown';
  const paymentIntentId = known.paymentIntentId ?? facts.paymentIntentId ?? null;
  if (facts.paymentIntentId != null && facts.paymentIntentId !== paymentIntentId) return 'other_payment';
  const payment = paymentIntentId === null ? null : await recordPayment(tx, { paymentIntentId, purchaseId });
  if (payment !== null && payment.purchaseId !== purchaseId) return 'payment_taken';
  await lockAccount(tx, known.organizationId);
  // Read again: what was read before the lock may be old.
  const purchase = await tx.purchase.findUniqueOrThrow({ where: { id: purchaseId } });
  const paid = earliest(purchase.paidAt, facts.paidAt);
  const nobody = paid !== null && purchase.paidAt === null && (await isDeleted(tx, purchase.organizationId));
  if (nobody) logger().error({ purchaseId, paymentIntentId }, 'paid for an organization that was deleted: refund it');
  const merged = {
    ...purchase,
    paidAt: nobody ? null : paid,
    failedAt: earliest(purchase.failedAt, facts.failedAt),
    expiredAt: earliest(purchase.expiredAt, facts.expiredAt),
    // Both fall again: when a refund fails, when a dispute is won.
    refundedCents: payment === null ? purchase.refundedCents : payment.refundedCents,
    disputedCents: payment === null ? purchase.disputedCents : payment.disputedCents,
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
  return nobody ? 'nobody' : 'ok';
}

async function isDeleted(tx: Tx, organizationId: string): Promise<boolean> {
  return (await tx.organization.count({ where: { id: organizationId, deletedAt: { not: null } } })) === 1;
}

type MergedPurchase = NonNullable<Awaited<ReturnType<Tx['purchase']['findUnique']>>>;

/** Grants what was paid for, then brings what was taken back to what refunds and disputes returned. */
async function bringLedgerTo(tx: Tx, purchase: MergedPurchase): Promise<{ clawedMicro: bigint; owedMicro: bigint }> {
  const { id, organizationId, userId, packageId, creditsMicro, clawedMicro, owedMicro } = purchase;
  if (purchase.paidAt === null) return { clawedMicro, owedMicro };
  const facts = { packageId, priceUsdCents: purchase.priceUsdCents, mock: purchase.mock };
  if (purchase.completedAt === null) {
    const offer = await tx.topupPackage.findUnique({ where: { id: packageId }, select: { name: true } });
    await grant(tx, {
      organizationId,
      kind: 'topup_purchase',
      amount: creditsMicro,
      bucket: 'bonus',
      idempotencyKey: `purchase:${id}`,
      userId,
      note: describePackage(offer?.name ?? packageId, creditsMicro),
      metadata: { purchaseId: id, ...facts },
    });
  }
  const target = creditsToClawBack(purchase);
  // The usual case, without a look through the ledger.
  if (target === 0n && clawedMicro + owedMicro === 0n) return { clawedMicro, owedMicro };
  const { taken, owed } = await recomputeClawBack(tx, {
    organizationId,
    of: { field: 'purchaseId', id },
    least: target,
    most: target,
    monthlyFirst: false,
    userId,
    note: purchase.disputedCents > 0 ? 'Payment disputed' : 'Payment refunded',
    metadata: { ...facts, refundedCents: purchase.refundedCents, disputedCents: purchase.disputedCents },
  });
  return { clawedMicro: taken, owedMicro: owed };
}
