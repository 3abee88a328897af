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

/** The monthly Stripe price of a plan, found by its lookup key or made now. */
export async function stripePriceOf(plan: PricedPlan): Promise<string> {
  if (plan.priceUsdCents <= 0) throw new AppError('invalid_input', `the ${plan.id} plan costs nothing`);
  const key = `plumbline_${plan.id}_${plan.priceUsdCents}`;
  const found = await askStripe((stripe) => stripe.prices.list({ lookup_keys: [key], active: true, limit: 1 }));
  const existing = found.data[0];
  if (existing !== undefined) return existing.id;
  const created = await askStripe((stripe) =>
    stripe.prices.create(
      {
        currency: 'usd',
        unit_amount: plan.priceUsdCents,
        recurring: { interval: 'month' },
        lookup_key: key,
        metadata: { planId: plan.id },
        product_data: { name: `Plumbline ${plan.name}`, metadata: { planId: plan.id } },
      },
      { idempotencyKey: `price:${key}` },
    ),
  );
  return created.id;
}

/** @throws AppError `not_found` */
export async function planById(planId: string) {
  const plan = await db().plan.findUnique({ where: { id: planId } });
  if (plan === null) throw notFound('Plan');
  return plan;
}
