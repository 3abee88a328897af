import 'server-only';
import type { Tx } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { applyPurchase } from './apply-purchase';
import type { EventMeaning, SessionFacts } from './read-event';

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

interface Expected {
  mock: boolean;
  priceUsdCents: number;
  stripeSessionId: string | null;
  /** The organization's customer at Stripe. */
  customerId: string | null;
}

/**
 * Why a payment page is not the one of the purchase that its metadata name, or null. Credits come only for the purchase's own
 * page, currency and price, whatever a page made elsewhere in the same Stripe account says. Where the page's id is known it
 * says enough: the organization may have got another customer since.
 */
export function whyForeign(session: SessionFacts, purchase: Expected): string | null {
  if (purchase.mock) return 'a local test purchase is not paid for at Stripe';
  if (purchase.stripeSessionId === null) {
    // The answer that names the page is still on its way here.
    if (session.customerId === null || session.customerId !== purchase.customerId)
      return 'a payment page of another customer';
  } else if (purchase.stripeSessionId !== session.id) {
    return 'another payment page than the one of the purchase';
  }
  if (session.currency !== 'usd') return `paid in ${session.currency ?? 'an unknown currency'}, not in usd`;
  if (session.amountCents === null || session.amountCents < purchase.priceUsdCents)
    return `${session.amountCents ?? 0} cents for a purchase of ${purchase.priceUsdCents}`;
  return null;
}
