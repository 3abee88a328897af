import 'server-only';
import type { Tx } from '@/server/platform/db';
import { creditsOfInvoice, shareOfInvoice, welcomeOfInvoice } from './invoice-credits';
import type { PlanInvoice } from './read-invoice';
import type { PaymentReading } from './read-payment';
import { recomputeClawBack } from './recompute-claw-back';
import { recordPayment } from './record-payment';

/**
 * A refund or dispute of a subscription's invoice takes the same share of the credits that the invoice brought: of the month
 * what is left of it, then as with a purchase bonus credits, and the rest is owed. What lapsed unused is not asked for again.
 * When all of the money went back, the credits to welcome that came with the invoice do too.
 * A dispute that is won and a refund that fails give it back as bonus. The caller holds the organization's lock and has applied what Stripe says of
 * the subscription, so that what the invoice brings is there.
 */
export async function applyInvoiceReturn(
  tx: Tx,
  organizationId: string,
  invoice: PlanInvoice,
  payment: { paymentIntentId: string; reading: PaymentReading },
): Promise<void> {
  const { paymentIntentId } = payment;
  const { refundedCents, disputedCents } = await recordPayment(tx, { ...payment, purchaseId: null });
  const entries = await planEntries(tx, organizationId);
  const upgrade = `upgrade:${invoice.id}:`;
  const { granted, lapsed, current } = creditsOfInvoice(entries, {
    allocation: invoice.periodStart === null ? null : allocationKey(organizationId, invoice.periodStart),
    upgrade,
  });
  const returned = refundedCents + disputedCents;
  const share = shareOfInvoice(granted, returned, invoice.totalCents);
  const about = {
    organizationId,
    userId: null,
    note: disputedCents > 0 ? 'Subscription payment disputed' : 'Subscription payment refunded',
    metadata: { invoiceId: invoice.id, refundedCents, disputedCents, totalCents: invoice.totalCents },
  };
  await recomputeClawBack(tx, {
    ...about,
    of: { field: 'paymentIntentId', id: paymentIntentId },
    least: share > lapsed ? share - lapsed : 0n,
    most: share,
    monthlyFirst: current,
  });
  const welcome = returned >= invoice.totalCents ? welcomeOfInvoice(entries, upgrade) : 0n;
  // Bonus, as they came; counted apart, because a part of the money does not take a part of them.
  const of = { field: 'paymentIntentId' as const, id: `${paymentIntentId}:welcome` };
  await recomputeClawBack(tx, { ...about, of, least: welcome, most: welcome, monthlyFirst: false });
}

function planEntries(tx: Tx, organizationId: string) {
  return tx.creditEntry.findMany({
    where: { organizationId, kind: { in: ['plan_allocation', 'plan_adjustment', 'expiry', 'welcome_bonus'] } },
    select: { kind: true, idempotencyKey: true, monthlyDelta: true, bonusDelta: true },
    orderBy: { seq: 'asc' },
  });
}

/** As `ledger_reset` names the credits of a period. */
function allocationKey(organizationId: string, periodStart: Date): string {
  return `allocation:${organizationId}:${periodStart.toISOString().slice(0, -1)}`;
}
