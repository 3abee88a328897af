import 'server-only';
import type Stripe from 'stripe';
import { logger } from '@/server/platform/logger';
import { planOfPrice } from './catalogue';
import { askStripe } from './stripe-client';

/** A customer's subscription as Stripe has it now, reduced to what has an effect here. */
export interface SubscriptionState {
  id: string;
  itemId: string;
  planId: string;
  priceId: string;
  /** The price of the plan that a scheduled downgrade is to replace, as long as the subscription remembers one. */
  formerPriceId: string | null;
  /** `incomplete`: its first payment has not come yet. */
  status: 'active' | 'past_due' | 'incomplete' | 'ended';
  /** Ends with the present period. */
  cancels: boolean;
  period: { start: Date; end: Date };
  invoiceId: string | null;
  /** The latest invoice is paid: the present period, and with it the present plan. */
  paid: boolean;
}

/** Metadata of the subscription: the price before a scheduled downgrade. */
export const FORMER_PRICE = 'formerPriceId';

const STATUS: Partial<Record<Stripe.Subscription.Status, SubscriptionState['status']>> = {
  active: 'active',
  trialing: 'active',
  past_due: 'past_due',
  incomplete: 'incomplete',
};
/** Of several subscriptions the one that counts comes first. */
const RANK: SubscriptionState['status'][] = ['active', 'past_due', 'incomplete', 'ended'];

/** The subscription that counts, or null when the customer never had one to a plan of this instance. */
export async function readSubscription(customerId: string): Promise<SubscriptionState | null> {
  const list = await askStripe((stripe) =>
    stripe.subscriptions.list({
      customer: customerId,
      status: 'all',
      limit: 20,
      expand: ['data.latest_invoice'],
    }),
  );
  const states = list.data.map(toState).filter((state) => state !== null);
  const live = states.filter(({ status }) => status === 'active' || status === 'past_due');
  // One counts, both are charged: only a person can tell which one to end and refund.
  if (live.length > 1) logger().error({ customerId, subscriptions: live.map(({ id }) => id) }, 'subscribed twice');
  // Stripe lists the newest first, and sorting keeps that order among equals.
  return states.sort((a, b) => RANK.indexOf(a.status) - RANK.indexOf(b.status))[0] ?? null;
}

function toState(subscription: Stripe.Subscription): SubscriptionState | null {
  const item = subscription.items.data[0];
  const planId = item === undefined ? null : planOfPrice(item.price);
  if (item === undefined || planId === null) return null;
  const invoice = subscription.latest_invoice;
  return {
    id: subscription.id,
    itemId: item.id,
    planId,
    priceId: item.price.id,
    formerPriceId: subscription.metadata[FORMER_PRICE] || null,
    status: STATUS[subscription.status] ?? 'ended',
    cancels: subscription.cancel_at_period_end,
    period: {
      start: new Date(item.current_period_start * 1000),
      end: new Date(item.current_period_end * 1000),
    },
    invoiceId: typeof invoice === 'string' ? invoice : (invoice?.id ?? null),
    paid: typeof invoice === 'object' && invoice?.status === 'paid',
  };
}
