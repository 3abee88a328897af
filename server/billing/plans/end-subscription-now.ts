import 'server-only';
import { askStripe, isMissing } from '@/server/billing/stripe-client';
import { voidOpenInvoices } from './void-invoices';

/**
 * Ends a subscription at Stripe at once, and what is unpaid of it can no longer be paid: nobody is charged for a plan that
 * they do not have. Once it is cancelled already, the invoices are looked at all the same.
 * @throws AppError `payments_unavailable`
 */
export async function endNow(subscription: { customer: string; subscriptionId: string }): Promise<void> {
  try {
    await askStripe((stripe) => stripe.subscriptions.cancel(subscription.subscriptionId));
  } catch (error) {
    // Cancelled already, by an earlier run or at Stripe.
    if (!isMissing(error)) throw error;
  }
  await voidOpenInvoices(subscription);
}
