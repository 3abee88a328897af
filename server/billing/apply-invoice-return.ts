import 'server-only';
import type { Tx } from '@/server/platform/db';
import { creditsOfInvoice, shareOfInvoice } from './invoice-credits';
import type { PlanInvoice } from './read-invoice';
import type { RefundReading } from './read-refunds';
import { recordPayment } from './record-payment';
import { takeBack } from './take-back';

/**
 * A refund or dispute of a subscription's invoice takes the same share of the credits that the invoice brought: of the month
 * what is left of it, then as with a purchase bonus credits, and the rest is owed. What lapsed unused is not asked for again.
 * A dispute that is won and a refund that fails give it back as bonus. The caller holds the organization's lock and has applied what Stripe says of
 * the subscription, so that what the invoice brings is there.
 */
export async function applyInvoiceReturn(
  tx: Tx,
  organizationId: string,
  invoice: PlanInvoice,
  payment: {
    paymentIntentId: string;
    refundedCents: number;
    refunds: RefundReading | null;
    disputedCents: number;
  },
): Promise<void> {
  const { paymentIntentId } = payment;
  const { refundedCents, disputedCents } = await recordPayment(tx, { ...payment, purchaseId: null });
  const { granted, lapsed, current } = creditsOfInvoice(await planEntries(tx, organizationId), {
    allocation: invoice.periodStart === null ? null : allocationKey(organizationId, invoice.periodStart),
    upgrade: `upgrade:${invoice.id}:`,
  });
  const share = shareOfInvoice(granted, refundedCents + disputedCents, invoice.totalCents);
  await takeBack(tx, {
    organizationId,
    of: { field: 'paymentIntentId', id: paymentIntentId },
    least: share > lapsed ? share - lapsed : 0n,
    most: share,
    monthlyFirst: current,
    userId: null,
    note: disputedCents > 0 ? 'Subscription payment disputed' : 'Subscription payment refunded',
    metadata: { invoiceId: invoice.id, refundedCents, disputedCents, totalCents: invoice.totalCents },
  });
}

function planEntries(tx: Tx, organizationId: string) {
  return tx.creditEntry.findMany({
    where: { organizationId, kind: { in: ['plan_allocation', 'plan_adjustment', 'expiry'] } },
    select: { kind: true, idempotencyKey: true, monthlyDelta: true },
    orderBy: { seq: 'asc' },
  });
}

/** As `ledger_reset` names the credits of a period. */
function allocationKey(organizationId: string, periodStart: Date): string {
  return `allocation:${organizationId}:${periodStart.toISOString().slice(0, -1)}`;
}
