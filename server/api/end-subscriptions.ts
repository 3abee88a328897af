import 'server-only';
import { forgetPayer } from '@/server/billing/checkout/name-payer';
import { endPayments } from '@/server/billing/closing/end-payments';
import { refuseUnsettled } from '@/server/billing/closing/refuse-unsettled';
import { logger } from '@/server/platform/logger';

/**
 * Deletes organizations that nobody can pay for any more: first their payment pages and subscriptions end, so that nothing
 * was deleted when Stripe does not answer; should the deletion fail after it, the plan only ends with its period. Afterwards
 * once more, for a page that was opened meanwhile, and the customer at Stripe loses its name and address.
 * @param remove deletes, and says which organizations it deleted
 * @throws AppError `conflict` (`payment_pending`: a payment is on its way), `payments_unavailable`, and what `remove` throws
 */
export async function deleteWithPayments(
  organizationIds: readonly string[],
  remove: () => Promise<readonly string[]>,
): Promise<void> {
  // All of them before anything ends.
  for (const organizationId of organizationIds) await refuseUnsettled(organizationId);
  for (const organizationId of organizationIds) await endPayments(organizationId);
  for (const organizationId of await remove()) {
    try {
      await endPayments(organizationId);
    } catch (error) {
      logger().error({ err: error, organizationId }, 'a deleted organization may still have an open payment page');
    }
    await forgetPayer(organizationId);
  }
}
