import 'server-only';
import type Stripe from 'stripe';
import { askIfThere, askStripe } from '@/server/billing/stripe-client';
import { logger } from '@/server/platform/logger';

/**
 * Sees to it that nothing is paid any more for a plan that is over: subscription invoices that are open are voided, and drafts stay
 * drafts (Stripe neither deletes nor voids those of a subscription). Call it after the subscription was cancelled: voiding the
 * latest invoice of a past-due one makes it active again.
 * One that fails is logged and does not keep the others; nothing is thrown.
 * @param of all of a customer's, or those of one subscription
 * @param of.onVoided called for each invoice that was voided
 * @returns whether none is left that could be paid
 */
export async function voidOpenInvoices(of: {
  customer: string;
  subscriptionId?: string;
  onVoided?: () => void;
}): Promise<boolean> {
  const { customer, subscriptionId, onVoided } = of;
  const owed = { customer, limit: 100, ...(subscriptionId === undefined ? {} : { subscription: subscriptionId }) };
  try {
    const drafts = await askIfThere((stripe) => stripe.invoices.list({ ...owed, status: 'draft' }));
    const open = await askIfThere((stripe) => stripe.invoices.list({ ...owed, status: 'open' }));
    let left = 0;
    for (const invoice of [...(drafts?.data ?? []), ...(open?.data ?? [])]) {
      if (!(await withdraw(invoice, onVoided))) left++;
    }
    return left === 0;
  } catch (error) {
    logger().error({ err: error, customer, subscriptionId }, 'the open invoices of an ended plan could not be read');
    return false;
  }
}

async function withdraw(invoice: Stripe.Invoice, onVoided?: () => void): Promise<boolean> {
  // What the operator wrote by hand is not about a plan.
  if (invoice.parent?.subscription_details == null) return true;
  try {
    if (invoice.status === 'open') {
      await askStripe((stripe) => stripe.invoices.voidInvoice(invoice.id));
      onVoided?.();
    } else if (invoice.auto_advance !== false)
      await askStripe((stripe) => stripe.invoices.update(invoice.id, { auto_advance: false }));
    return true;
  } catch (error) {
    logger().error(
      { err: error, invoice: invoice.id },
      'an invoice of an ended plan can still be paid: void it at Stripe',
    );
    return false;
  }
}
