import 'server-only';
import type { Tx } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { applyPurchase } from './apply-purchase';
import type { EventMeaning } from './read-event';
import { whyForeign } from './session-fits';

/** What a payment page reports, once it is sure to be the purchase's own. @returns why it has no effect, or null */
export async function applyCheckout(
  tx: Tx,
  meaning: Extract<EventMeaning, { kind: 'checkout' }>,
): Promise<string | null> {
  const { purchaseId, session } = meaning;
  const purchase = await tx.purchase.findUnique({ where: { id: purchaseId } });
  if (purchase === null) return 'a purchase that was not made here';
  const plan = await tx.organizationPlan.findUnique({ where: { organizationId: purchase.organizationId } });
  const foreign = whyForeign(session, { ...purchase, customerId: plan?.stripeCustomerId ?? null });
  if (foreign !== null) {
    // Money may have moved without credits: somebody has to look.
    logger().error({ purchaseId, session: session.id, reason: foreign }, 'a payment page does not fit its purchase');
    return foreign;
  }
  return whyNoPurchase(await applyPurchase(tx, purchaseId, meaning));
}

/** The outcome of `applyPurchase` in words, or null when it had its effect. */
export function whyNoPurchase(result: Awaited<ReturnType<typeof applyPurchase>>): string | null {
  if (result === 'unknown') return 'a purchase that was not made here';
  if (result === 'other_payment') return 'another payment paid for the purchase';
  if (result === 'nobody') return 'paid for an organization that was deleted: refund it';
  return result === 'payment_taken' ? 'the payment already paid for another purchase' : null;
}
