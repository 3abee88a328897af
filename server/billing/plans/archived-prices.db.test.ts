import { describe, expect, it } from 'vitest';
import { changePlan } from '@/server/billing/plans/change-plan';
import { database, db } from '@/server/platform/db';
import { billing } from '@/test/billing';
import { rowOf, sessionIdOf, subscribe } from '@/test/billing-accounts';
import { seedOrganization } from '@/test/test-db';
import { stripePriceOf } from './plan-prices';

/** A plan of its own, so that no other test's price is in the way. */
async function newPlan(priceUsdCents = 3100) {
  const id = `plan-${(await db().plan.count()) + 1}`;
  const like = await db().plan.findUniqueOrThrow({ where: { id: 'pro' } });
  return db().plan.create({ data: { ...like, id, name: id, position: 90, priceUsdCents } });
}

async function paidPrice(url: string | null): Promise<string> {
  const page = await billing.client.checkout.sessions.retrieve(sessionIdOf(url), { expand: ['line_items'] });
  return page.line_items?.data[0]?.price?.id ?? '';
}

const buy = async (planId: string) => changePlan({ ...(await seedOrganization(database())), planId });

describe('a plan', () => {
  it.each([
    ['price', (price: string, _: string) => billing.client.prices.update(price, { active: false })],
    ['product', (_: string, product: string) => billing.client.products.update(product, { active: false })],
    [
      'price and product',
      async (price: string, product: string) => {
        await billing.client.prices.update(price, { active: false });
        await billing.client.products.update(product, { active: false });
      },
    ],
  ])('whose %s was archived at Stripe can be bought, however often that happens', async (_, archive) => {
    const plan = await newPlan();
    const price = await stripePriceOf(plan);
    const product = String((await billing.client.prices.retrieve(price)).product);
    for (let round = 0; round < 2; round++) {
      await archive(price, product);
      const { outcome, url } = await buy(plan.id);
      expect(outcome).toBe('checkout');
      expect(await paidPrice(url)).toBe(price);
    }
  });

  it('takes its lookup key back from a price of other terms', async () => {
    const plan = await newPlan();
    const price = await stripePriceOf(plan);
    const key = `plumbline_${plan.id}_${plan.priceUsdCents}`;
    const dear = await billing.client.prices.create({
      currency: 'usd',
      unit_amount: 990_000,
      recurring: { interval: 'month' },
      lookup_key: key,
      transfer_lookup_key: true,
      product_data: { name: 'Something else' },
    });
    const mended = await stripePriceOf(plan);
    expect([price, dear.id]).not.toContain(mended);
    expect(await billing.client.prices.retrieve(mended)).toMatchObject({ unit_amount: 3100, lookup_key: key });
    expect(await paidPrice((await buy(plan.id)).url)).toBe(mended);
  });

  it('gets one price from eight buyers at once', async () => {
    const plan = await newPlan();
    const prices = await Promise.all(Array.from({ length: 8 }, () => stripePriceOf(plan)));
    expect(new Set(prices).size).toBe(1);
  });

  it('opens a page for the price of now although one for a former price was opened a moment ago', async () => {
    const plan = await newPlan();
    const account = await seedOrganization(database());
    const { url } = await changePlan({ ...account, planId: plan.id });
    const former = await paidPrice(url);
    await billing.client.prices.update(former, { lookup_key: 'elsewhere' });
    const next = await changePlan({ ...account, planId: plan.id });
    expect(await paidPrice(next.url)).not.toBe(former);
  });

  it('can be kept at its former price although that was archived since', async () => {
    const account = await subscribe(billing, 'team');
    await account.deliver();
    await changePlan({ ...account, planId: 'pro' });
    const { metadata } = await billing.client.subscriptions.retrieve(account.subscriptionId);
    const former = metadata.formerPriceId ?? '';
    await billing.client.prices.update(former, { active: false });
    expect(await changePlan({ ...account, planId: 'team' })).toMatchObject({ outcome: 'unchanged' });
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null });
    const [item] = (await billing.client.subscriptions.retrieve(account.subscriptionId)).items.data;
    expect(item?.price.id).toBe(former);
  });
});
