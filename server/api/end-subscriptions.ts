import 'server-only';
import { forgetPayer } from '@/server/billing/checkout/name-payer';
import { endPayments } from '@/server/billing/closing/end-payments';
import { type PaymentStep, unfinishedDeletion } from '@/server/billing/closing/payment-steps';
import { refuseUnsettled } from '@/server/billing/closing/refuse-unsettled';
import { logger } from '@/server/platform/logger';

/**
 * Deletes organizations that nobody can pay for any more: their payment pages and subscriptions end first, so that nothing is
 * deleted while Stripe does not answer. A failure says what was changed at Stripe before it; the next try goes on from there.
 * Afterwards once more, for a page that was opened in between, and the customer at Stripe loses its name and address.
 * @param remove deletes, and says which organizations it deleted
 * @throws AppError `conflict` (`payment_pending`: a payment is on its way), `payments_unavailable`, and what `remove` throws
 */
export async function deleteWithPayments(
  organizationIds: readonly string[],
  remove: () => Promise<readonly string[]>,
): Promise<void> {
  // All of them before anything ends.
  for (const organizationId of organizationIds) await refuseUnsettled(organizationId);
  for (const organizationId of await endAndRemove(organizationIds, remove)) {
    try {
      await endPayments(organizationId);
    } catch (error) {
      logger().error({ err: error, organizationId }, 'a deleted organization may still have an open payment page');
    }
    await forgetPayer(organizationId);
  }
}

async function endAndRemove(
  organizationIds: readonly string[],
  remove: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const steps: PaymentStep[] = [];
  try {
    for (const organizationId of organizationIds) await endPayments(organizationId, (step) => steps.push(step));
    return await remove();
  } catch (error) {
    throw unfinishedDeletion(error, steps);
  }
}
