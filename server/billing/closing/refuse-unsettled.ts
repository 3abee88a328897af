import 'server-only';
import { askIfThere } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';

/**
 * Refuses while a purchase is on its way that was made but has not arrived (a bank debit takes days): nobody would be there
 * for its credits. Stripe is asked, because what the buyer did may not be known here yet.
 * @throws AppError `conflict` (`payment_pending`), `payments_unavailable`
 */
export async function refuseUnsettled(organizationId: string): Promise<void> {
  if (mockPayments()) return;
  const undecided = await db().purchase.findMany({
    where: { organizationId, mock: false, paidAt: null, failedAt: null, expiredAt: null },
    select: { stripeSessionId: true },
  });
  for (const { stripeSessionId } of undecided) {
    if (stripeSessionId === null) continue;
    const page = await askIfThere((stripe) => stripe.checkout.sessions.retrieve(stripeSessionId));
    if (page?.status === 'complete' && page.payment_status === 'unpaid') throw stillOnItsWay();
  }
}

function stillOnItsWay(): AppError {
  return new AppError('conflict', 'a payment was made that has not arrived yet', {
    userMessage:
      'A payment of yours is still on its way, as a bank debit is for some days. Nothing was deleted; try again when it has arrived or failed.',
    details: { reason: 'payment_pending' },
  });
}
