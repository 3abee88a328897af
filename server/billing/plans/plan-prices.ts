import 'server-only';
import type Stripe from 'stripe';
import { askStripe } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';

/** `plumbline_pro_2900`: a new price of a plan is a new key, so subscriptions on the former one stay readable. */
const LOOKUP_KEY = /^plumbline_([a-z0-9-]+)_(\d+)$/;

interface PricedPlan {
  id: string;
  name: string;
  priceUsdCents: number;
}

/** The plan a Stripe price stands for; null for a price that was not made here. */
export function planOfPrice(price: Stripe.Price): string | null {
  return LOOKUP_KEY.exec(price.lookup_key ?? '')?.[1] ?? price.metadata.planId ?? null;
}

/**
 * The monthly Stripe price of a plan, found by its lookup key or made now. A price that somebody archived at Stripe, or whose
 * product was, is made active again: what the plan costs is decided here. A lookup key that was moved to a price of other
 * terms is taken back by a new price. @throws AppError `payments_unavailable`, `invalid_input` (the plan costs nothing)
 */
export async function stripePriceOf(plan: PricedPlan): Promise<string> {
  if (plan.priceUsdCents <= 0) throw new AppError('invalid_input', `the ${plan.id} plan costs nothing`);
  const key = `plumbline_${plan.id}_${plan.priceUsdCents}`;
  const found = await findPrice(key);
  const price = found !== null && isMonthly(found, plan.priceUsdCents) ? found : await createPrice(plan, key, found);
  return makeUsable(price);
}

async function findPrice(key: string): Promise<Stripe.Price | null> {
  const found = await askStripe((stripe) =>
    stripe.prices.list({ lookup_keys: [key], limit: 1, expand: ['data.product'] }),
  );
  return found.data[0] ?? null;
}

function isMonthly({ currency, unit_amount, recurring }: Stripe.Price, cents: number): boolean {
  const monthly = recurring?.interval === 'month' && recurring.interval_count === 1;
  return monthly && recurring.usage_type === 'licensed' && currency === 'usd' && unit_amount === cents;
}

/** `holder`: another price that has the lookup key, which then moves to the new one. */
async function createPrice(plan: PricedPlan, key: string, holder: Stripe.Price | null): Promise<Stripe.Price> {
  try {
    return await askStripe((stripe) =>
      stripe.prices.create({
        currency: 'usd',
        unit_amount: plan.priceUsdCents,
        recurring: { interval: 'month' },
        lookup_key: key,
        ...(holder === null ? {} : { transfer_lookup_key: true }),
        metadata: { planId: plan.id },
        product_data: { name: `Plumbline ${plan.name}`, metadata: { planId: plan.id } },
      }),
    );
  } catch (error) {
    // Another request may have made it a moment ago: a lookup key names one price.
    const made = holder === null ? await findPrice(key) : null;
    if (made === null || !isMonthly(made, plan.priceUsdCents)) throw error;
    return made;
  }
}

/** A price that is known by its id, which can be bought afterwards. @throws AppError `payments_unavailable` */
export async function usablePrice(id: string): Promise<string> {
  return makeUsable(await askStripe((stripe) => stripe.prices.retrieve(id, { expand: ['product'] })));
}

/** Stripe sells neither an archived price nor one of an archived product. @returns the id of the price */
async function makeUsable({ id, active, product }: Stripe.Price): Promise<string> {
  if (!active) await askStripe((stripe) => stripe.prices.update(id, { active: true }));
  if (typeof product === 'object' && !product.deleted && !product.active)
    await askStripe((stripe) => stripe.products.update(product.id, { active: true }));
  return id;
}

/** @throws AppError `not_found` */
export async function planById(planId: string) {
  const plan = await db().plan.findUnique({ where: { id: planId } });
  if (plan === null) throw notFound('Plan');
  return plan;
}
