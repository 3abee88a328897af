import 'server-only';
import type Stripe from 'stripe';
import { appUrl, askStripe } from '@/server/billing/stripe-client';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { closeIfOrganizationGone } from './close-page';
import { withCustomer } from './ensure-customer';
import { describePackage } from './purchase-effects';

export interface StartTopupInput {
  organizationId: string;
  userId: string;
  packageId: string;
  returnTo?: string | undefined;
}

/**
 * Begins the purchase of a package: the row first, then the payment page whose identity is that row.
 * @returns the purchase and the page to send the buyer to (a path of this application in mock mode)
 * @throws AppError `not_found` (no such package on sale), `payments_unavailable`
 */
export async function startTopup(input: StartTopupInput): Promise<{ purchaseId: string; url: string }> {
  const { organizationId, userId, packageId, returnTo } = input;
  const offer = await db().topupPackage.findFirst({ where: { id: packageId, active: true } });
  if (offer === null) throw notFound('Package');
  const purchase = await db().purchase.create({
    data: {
      id: newId(),
      organizationId,
      userId,
      packageId,
      creditsMicro: offer.creditsMicro,
      priceUsdCents: offer.priceUsdCents,
      mock: mockPayments(),
      returnTo: returnTo ?? null,
    },
  });
  const page = purchase.mock
    ? { url: `/checkout/mock/${purchase.id}`, sessionId: null }
    : await openCheckout(input, purchase, offer.name);
  await db().purchase.update({
    where: { id: purchase.id },
    data: { checkoutUrl: page.url, stripeSessionId: page.sessionId },
  });
  return { purchaseId: purchase.id, url: page.url };
}

interface NewPurchase {
  id: string;
  packageId: string;
  creditsMicro: bigint;
  priceUsdCents: number;
}

async function openCheckout(
  { organizationId, userId }: StartTopupInput,
  purchase: NewPurchase,
  packageName: string,
): Promise<{ url: string; sessionId: string }> {
  try {
    const metadata = { purchaseId: purchase.id, packageId: purchase.packageId, organizationId };
    const description = describePackage(packageName, purchase.creditsMicro);
    const params: Stripe.Checkout.SessionCreateParams = {
      mode: 'payment',
      client_reference_id: organizationId,
      line_items: [
        {
          quantity: 1,
          price_data: { currency: 'usd', unit_amount: purchase.priceUsdCents, product_data: { name: description } },
        },
      ],
      metadata,
      payment_intent_data: { metadata, description },
      invoice_creation: { enabled: true, invoice_data: { metadata, description } },
      success_url: appUrl(`/checkout/success?purchase=${purchase.id}`),
      cancel_url: appUrl(`/checkout/cancelled?purchase=${purchase.id}`),
    };
    const session = await withCustomer({ organizationId, userId }, (customer) =>
      askStripe((stripe) =>
        stripe.checkout.sessions.create(
          { ...params, customer },
          // A key that was refused for one customer is not free for the next.
          { idempotencyKey: `purchase:${purchase.id}:${customer}` },
        ),
      ),
    );
    await closeIfOrganizationGone(organizationId, session.id);
    if (session.url === null) throw new Error(`checkout session ${session.id} has no page`);
    return { url: session.url, sessionId: session.id };
  } catch (error) {
    // Nobody was sent to a page, so nobody can pay: the row must not look as if somebody could.
    await db().purchase.update({ where: { id: purchase.id }, data: { expiredAt: now(), status: 'expired' } });
    throw error;
  }
}
