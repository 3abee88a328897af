import 'server-only';
import type Stripe from 'stripe';
import { askIfThere, askStripe } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { planOfPrice } from './plan-prices';

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
  /** Ends with the present period: because its flag says so, or because of a date, which is how Stripe's portal cancels. */
  cancels: 'by_flag' | 'by_date' | false;
  period: { start: Date; end: Date };
  invoiceId: string | null;
  /** The latest invoice is paid, and with it the present period. */
  paid: boolean;
  /** The plan that this invoice is for. The subscription's price may have changed since, without a payment. */
  paidPlanId: string | null;
}

/** `gone`: the customer was deleted at Stripe, and its subscriptions with it. */
export type CustomerState = SubscriptionState | 'gone' | null;

/** Metadata of the subscription: the price before a scheduled downgrade. */
export const FORMER_PRICE = 'formerPriceId';

const STATUS: Partial<Record<Stripe.Subscription.Status, SubscriptionState['status']>> = {
  active: 'active',
  trialing: 'active',
  past_due: 'past_due',
  // Neither is over: paid or resumed it goes on. A plan that is not paid for stays as long as its grace.
  unpaid: 'past_due',
  paused: 'past_due',
  incomplete: 'incomplete',
};
/** Of several subscriptions the one that counts comes first. */
const RANK: SubscriptionState['status'][] = ['active', 'past_due', 'incomplete', 'ended'];

/** The subscription that counts, or null when the customer never had one to a plan of this instance. */
export async function readSubscription(customerId: string): Promise<CustomerState> {
  const list = await askIfThere((stripe) =>
    stripe.subscriptions.list({ customer: customerId, status: 'all', limit: 20, expand: ['data.latest_invoice'] }),
  );
  if (list === null) return 'gone';
  const plans = new Set((await db().plan.findMany({ select: { id: true } })).map(({ id }) => id));
  const states = (await Promise.all(list.data.map((subscription) => toState(subscription, plans)))).filter(
    (state) => state !== null,
  );
  const live = states.filter(({ status }) => status === 'active' || status === 'past_due');
  // One counts, both are charged: only a person can tell which one to end and refund.
  if (live.length > 1) logger().error({ customerId, subscriptions: live.map(({ id }) => id) }, 'subscribed twice');
  // Stripe lists the newest first, and sorting keeps that order among equals.
  return states.sort((a, b) => RANK.indexOf(a.status) - RANK.indexOf(b.status))[0] ?? null;
}

async function toState(
  subscription: Stripe.Subscription,
  plans: ReadonlySet<string>,
): Promise<SubscriptionState | null> {
  const item = subscription.items.data[0];
  const planId = item === undefined ? null : planOfPrice(item.price);
  if (item === undefined || planId === null) return null;
  if (!plans.has(planId)) {
    // Something else that this customer pays for by the same Stripe account.
    logger().info({ subscription: subscription.id, planId }, 'a subscription to a plan that does not exist here');
    return null;
  }
  const invoice = subscription.latest_invoice;
  const paid = typeof invoice === 'object' && invoice?.status === 'paid' ? invoice : null;
  return {
    id: subscription.id,
    itemId: item.id,
    planId,
    priceId: item.price.id,
    formerPriceId: subscription.metadata[FORMER_PRICE] || null,
    status: STATUS[subscription.status] ?? 'ended',
    cancels: cancelsBy(subscription, item.current_period_end),
    period: {
      start: new Date(item.current_period_start * 1000),
      end: new Date(item.current_period_end * 1000),
    },
    invoiceId: typeof invoice === 'string' ? invoice : (invoice?.id ?? null),
    paid: paid !== null,
    paidPlanId: paid === null ? null : known(await paidPlan(paid, item.price), plans),
  };
}

function cancelsBy(
  { cancel_at_period_end, cancel_at }: Stripe.Subscription,
  periodEnd: number,
): SubscriptionState['cancels'] {
  if (cancel_at_period_end) return 'by_flag';
  return cancel_at !== null && cancel_at <= periodEnd ? 'by_date' : false;
}

function known(planId: string | null, plans: ReadonlySet<string>): string | null {
  return planId !== null && plans.has(planId) ? planId : null;
}

/** The plan an invoice was paid for: that of its period, else the one that a change within the period led to. */
async function paidPlan(invoice: Stripe.Invoice, present: Stripe.Price): Promise<string | null> {
  const price = paidPrice(invoice.lines.data);
  if (price === undefined) return null;
  // What was paid for is nearly always the present price: the other ones are asked for.
  if (typeof price !== 'string') return planOfPrice(price);
  return planOfPrice(price === present.id ? present : await askStripe((stripe) => stripe.prices.retrieve(price)));
}

function paidPrice(lines: readonly Stripe.InvoiceLineItem[]) {
  const ofSubscription = lines.filter(({ parent }) => parent?.subscription_item_details != null);
  const isChange = ({ parent }: Stripe.InvoiceLineItem) => parent?.subscription_item_details?.proration === true;
  // Of several changes the last one leads to the plan; what it replaces is credited.
  const paid =
    ofSubscription.findLast((line) => !isChange(line)) ??
    ofSubscription.findLast((line) => isChange(line) && line.amount > 0);
  return paid?.pricing?.price_details?.price;
}
