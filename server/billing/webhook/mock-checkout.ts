import 'server-only';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { AppError, notFound } from '@/server/platform/errors';
import { applyPurchase, type NewFacts } from './apply-purchase';

/**
 * What the buyer does on the local checkout page: the facts that Stripe would report, through the same code.
 * @throws AppError `not_found` (also when real payments are on), `wrong_status` (paid or cancelled already)
 */
export async function finishMockCheckout(input: {
  organizationId: string;
  purchaseId: string;
  action: 'pay' | 'decline' | 'cancel';
}): Promise<void> {
  const { organizationId, purchaseId, action } = input;
  const purchase = await db().purchase.findFirst({ where: { id: purchaseId, organizationId, mock: true } });
  if (purchase === null || !mockPayments()) throw notFound('Purchase');
  if (purchase.paidAt !== null && action === 'pay') return;
  if (purchase.paidAt !== null || purchase.expiredAt !== null) {
    throw new AppError('wrong_status', `the purchase is ${purchase.status}`, {
      userMessage: 'This checkout is closed already. Go back and begin another purchase.',
    });
  }
  const at = now();
  const facts: Record<typeof action, NewFacts> = {
    pay: { paidAt: at },
    decline: { failedAt: at },
    cancel: { expiredAt: at },
  };
  await inTx((tx) => applyPurchase(tx, purchaseId, facts[action]));
}
