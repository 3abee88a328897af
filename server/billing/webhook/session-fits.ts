import type { SessionFacts } from './read-event';

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
