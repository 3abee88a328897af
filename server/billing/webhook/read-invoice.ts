import 'server-only';
import type Stripe from 'stripe';
import { askStripe, isMissing } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';

/** A subscription's invoice, reduced to what it granted and for how much. */
export interface PlanInvoice {
  id: string;
  customerId: string;
  /** What the customer paid for, US cents. */
  totalCents: number;
  /** Start of the whole period that it paid for; null when it paid for a change within one. */
  periodStart: Date | null;
}

/**
 * The subscription's invoice that a payment paid, or null for any other payment. Charges and disputes do not name it, so
 * Stripe is asked, unless the payment is known as a purchase's. @throws AppError `payments_unavailable`
 */
export async function readInvoiceOf(payment: {
  paymentIntentId: string;
  purchaseId: string | null;
}): Promise<PlanInvoice | null> {
  const { paymentIntentId } = payment;
  if (payment.purchaseId !== null) return null;
  const known = await db().paymentFact.findUnique({ where: { paymentIntentId } });
  if (known !== null && known.purchaseId !== null) return null;
  const invoice = await paidInvoice(paymentIntentId);
  if (invoice === null || invoice.parent?.subscription_details == null || invoice.customer === null) return null;
  const period = invoice.lines.data.find(
    ({ parent }) => parent?.subscription_item_details?.proration === false,
  )?.period;
  return {
    id: invoice.id,
    customerId: typeof invoice.customer === 'string' ? invoice.customer : invoice.customer.id,
    totalCents: invoice.total,
    periodStart: period === undefined ? null : new Date(period.start * 1000),
  };
}

async function paidInvoice(paymentIntentId: string): Promise<Stripe.Invoice | null> {
  try {
    const payments = await askStripe((stripe) =>
      stripe.invoicePayments.list({
        payment: { type: 'payment_intent', payment_intent: paymentIntentId },
        limit: 1,
        expand: ['data.invoice'],
      }),
    );
    const invoice = payments.data[0]?.invoice;
    return invoice === undefined || typeof invoice === 'string' || 'deleted' in invoice ? null : invoice;
  } catch (error) {
    // A payment that this account does not have.
    if (isMissing(error)) return null;
    throw error;
  }
}
