import 'server-only';
import type Stripe from 'stripe';
import { askStripe } from '@/server/billing/stripe-client';
import { stripePriceOf, usablePrice } from './plan-prices';
import { FORMER_PRICE, type SubscriptionState } from './subscription-state';

interface PricedPlan {
  id: string;
  name: string;
  priceUsdCents: number;
}

/**
 * Charges the rest of the period's difference now, or changes nothing when the card declines. Setting a price that is set
 * already does nothing at Stripe, so no key of ours is needed (one would replay an earlier change of the same kind).
 */
export async function upgrade(subscription: SubscriptionState, price: string): Promise<void> {
  await update(subscription.id, {
    ...goesOn(subscription),
    items: [{ id: subscription.itemId, price }],
    proration_behavior: 'always_invoice',
    payment_behavior: 'error_if_incomplete',
  });
}

/** No next invoice. */
export async function cancelAtPeriodEnd(subscription: SubscriptionState): Promise<void> {
  if (subscription.cancels === false) await update(subscription.id, { cancel_at_period_end: true });
}

/** The smaller plan's price from the next invoice on. */
export async function switchAtPeriodEnd(
  subscription: SubscriptionState,
  target: PricedPlan,
  currentPlanId: string,
): Promise<void> {
  // Another downgrade that is scheduled already remembers it.
  const former = subscription.planId === currentPlanId ? { metadata: { [FORMER_PRICE]: subscription.priceId } } : {};
  await update(subscription.id, {
    ...goesOn(subscription),
    items: [{ id: subscription.itemId, price: await stripePriceOf(target) }],
    proration_behavior: 'none',
    ...former,
  });
}

/**
 * The present plan goes on after all, at the price the subscription has: taking a change back leaves the customer where they
 * were. A newer price of the plan is for new subscriptions and for changes to that plan.
 */
export async function keepPlan(subscription: SubscriptionState, plan: PricedPlan): Promise<void> {
  if (subscription.planId === plan.id) {
    if (subscription.cancels !== false) await update(subscription.id, goesOn(subscription));
    return;
  }
  const former = subscription.formerPriceId;
  // The operator may have archived it since, to sell the plan at another price.
  const price = former === null ? await stripePriceOf(plan) : await usablePrice(former);
  // The period is paid for at that price: nothing is due now.
  await update(subscription.id, {
    ...goesOn(subscription),
    items: [{ id: subscription.itemId, price }],
    proration_behavior: 'none',
  });
}

/** Takes a cancellation back in the way it was made: Stripe does not take both in one call. */
function goesOn({ cancels }: SubscriptionState): Stripe.SubscriptionUpdateParams {
  return cancels === 'by_date' ? { cancel_at: '' } : { cancel_at_period_end: false };
}

function update(id: string, params: Stripe.SubscriptionUpdateParams): Promise<Stripe.Subscription> {
  return askStripe((stripe) => stripe.subscriptions.update(id, params));
}
