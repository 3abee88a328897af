import 'server-only';
import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import { planById, stripePriceOf } from '@/server/billing/plans/plan-prices';
import { appUrl, askStripe } from '@/server/billing/stripe-client';
import { AppError } from '@/server/platform/errors';
import { closeIfOrganizationGone, closePage } from './close-page';
import { withCustomer } from './ensure-customer';

export interface PlanWish {
  organizationId: string;
  userId: string;
  planId: string;
  returnTo?: string | undefined;
}

/** Payment pages of one wish that may have been finished or have expired before an open one is found. */
const SESSIONS_TRIED = 20;

/**
 * Begins a subscription on Stripe's page. As long as that page is open, the same wish leads to the same page, so that two
 * tabs cannot subscribe twice. @throws AppError `not_found`, `payments_unavailable`
 */
export async function openSubscriptionCheckout(input: PlanWish): Promise<string> {
  const plan = await planById(input.planId);
  const price = await stripePriceOf(plan);
  return withCustomer(input, (customer) => openPage(input, { customer, price }));
}

async function openPage(input: PlanWish, to: { customer: string; price: string }): Promise<string> {
  const { customer, price } = to;
  const params = checkoutParams(input, to);
  // All that the parameters depend on: Stripe refuses a key that comes again with other ones.
  const identity = [params.success_url, price, customer];
  const wish = `subscription:${createHash('sha256').update(JSON.stringify(identity)).digest('base64url')}`;
  for (let number = 0; number < SESSIONS_TRIED; number++) {
    const idempotencyKey = `${wish}:${number}`;
    const created = await askStripe((stripe) => stripe.checkout.sessions.create(params, { idempotencyKey }));
    // The answer to a repeated key shows the session as it was made, not as it is.
    const session = await askStripe((stripe) => stripe.checkout.sessions.retrieve(created.id));
    if (session.status === 'open' && session.url !== null) {
      await closeIfOrganizationGone(input.organizationId, session.id);
      await closeOtherPages(customer, session.id);
      return session.url;
    }
  }
  throw new AppError('conflict', `no open checkout session after ${SESSIONS_TRIED} tries`, {
    userMessage: 'Too many payment pages were opened for this plan today. Write to us and we will sort it out.',
  });
}

/** Another page that is still open somewhere, whatever its plan, could be paid as well. */
async function closeOtherPages(customer: string, kept: string): Promise<void> {
  const open = await askStripe((stripe) => stripe.checkout.sessions.list({ customer, status: 'open', limit: 100 }));
  for (const session of open.data) {
    if (session.mode !== 'subscription' || session.id === kept) continue;
    await closePage(session.id);
  }
}

function checkoutParams(
  { organizationId, planId, returnTo }: PlanWish,
  { customer, price }: { customer: string; price: string },
): Stripe.Checkout.SessionCreateParams {
  const metadata = { organizationId, planId };
  const query = new URLSearchParams({
    plan: planId,
    organization: organizationId,
    ...(returnTo === undefined ? {} : { returnTo }),
  });
  return {
    mode: 'subscription',
    customer,
    client_reference_id: organizationId,
    line_items: [{ price, quantity: 1 }],
    metadata,
    subscription_data: { metadata },
    success_url: appUrl(`/checkout/success?${query}`),
    cancel_url: appUrl(`/checkout/cancelled?${query}`),
  };
}
