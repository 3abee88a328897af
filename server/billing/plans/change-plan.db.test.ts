import { describe, expect, it } from 'vitest';
import { listInvoices } from '@/server/billing/checkout/list-invoices';
import { openPortal } from '@/server/billing/checkout/open-portal';
import { database, db } from '@/server/platform/db';
import { billing } from '@/test/billing';
import { CREDIT, nextPeriod, periodOf, rowOf, subscribe } from '@/test/billing-accounts';
import { seedOrganization } from '@/test/test-db';
import { cancelPlan } from './cancel-plan';
import { changePlan } from './change-plan';
import { resumePlan } from './resume-plan';

describe('changing the plan', () => {
  it('upgrades at once, with the rest of the period paid, and webhooks add nothing', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    expect(await changePlan({ ...account, planId: 'team' })).toEqual({ outcome: 'changed', url: null, at: null });
    const after = { planId: 'team', monthly: 2000n * CREDIT, bonus: 75n * CREDIT };
    expect(await rowOf(account)).toMatchObject(after);
    const [invoice] = (await billing.client.invoices.list({ customer: account.customer })).data;
    expect(invoice).toMatchObject({ status: 'paid', billing_reason: 'subscription_update' });
    // The whole difference of 70 USD, less the moments since the start.
    expect(invoice?.amount_paid).toBeGreaterThan(6990);
    expect(invoice?.amount_paid).toBeLessThanOrEqual(7000);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject(after);
  });

  it('changes nothing when the card declines', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    billing.fake.setCard(account.customer, 'declines');
    await expect(changePlan({ ...account, planId: 'team' })).rejects.toMatchObject({ code: 'payment_declined' });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'active', monthly: 500n * CREDIT });
  });

  it('says so when the bank wants an upgrade confirmed, and changes nothing', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    billing.fake.setCard(account.customer, 'asks');
    await expect(changePlan({ ...account, planId: 'team' })).rejects.toMatchObject({
      code: 'payment_declined',
      userMessage: expect.stringContaining('confirm'),
      details: { reason: 'confirmation_needed' },
    });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'active', monthly: 500n * CREDIT });
  });

  it('downgrades when the period ends, at the smaller price', async () => {
    const account = await subscribe(billing, 'team');
    await account.deliver();
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    expect(await changePlan({ ...account, planId: 'pro' })).toEqual({ outcome: 'scheduled', url: null, at: periodEnd });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: 'pro', monthly: 2000n * CREDIT });
    nextPeriod(billing, account.subscriptionId, periodEnd);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null, monthly: 500n * CREDIT });
    const [invoice] = (await billing.client.invoices.list({ customer: account.customer })).data;
    expect(invoice?.amount_paid).toBe(2900);
  });

  it('takes a scheduled downgrade back', async () => {
    const account = await subscribe(billing, 'team');
    await account.deliver();
    await changePlan({ ...account, planId: 'pro' });
    expect(await resumePlan(account)).toMatchObject({ outcome: 'changed' });
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null, pendingFrom: null });
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    nextPeriod(billing, account.subscriptionId, periodEnd);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'team', monthly: 2000n * CREDIT });
  });

  it('cancels at the end of the period, or not after all', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    expect(await cancelPlan(account)).toMatchObject({ outcome: 'scheduled' });
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: 'free', status: 'active' });
    await resumePlan(account);
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null });
    expect(await resumePlan(account)).toMatchObject({ outcome: 'unchanged' });
    await cancelPlan(account);
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    nextPeriod(billing, account.subscriptionId, periodEnd);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({
      planId: 'free',
      pendingPlanId: null,
      status: 'canceled',
      stripeSubscriptionId: null,
      monthly: 10n * CREDIT,
      bonus: 25n * CREDIT,
    });
    expect(await cancelPlan(account)).toMatchObject({ outcome: 'unchanged' });
  });

  it('sees a cancellation that was made on Stripe’s page, and takes it back there', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    const endsAt = async () => (await billing.client.subscriptions.retrieve(account.subscriptionId)).cancel_at;
    const cancelThere = async () => {
      const cancel_at = periodEnd.getTime() / 1000;
      await billing.client.subscriptions.update(account.subscriptionId, { cancel_at });
      await account.deliver();
      expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: 'free', pendingFrom: periodEnd });
    };
    await cancelThere();
    expect(await resumePlan(account)).toMatchObject({ outcome: 'changed' });
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null });
    expect(await endsAt()).toBeNull();
    await cancelThere();
    expect(await cancelPlan(account)).toMatchObject({ outcome: 'scheduled', at: periodEnd });
    expect(await changePlan({ ...account, planId: 'team' })).toMatchObject({ outcome: 'changed' });
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null });
    expect(await endsAt()).toBeNull();
  });

  it('leaves alone a date after the present period on which a subscription is to end', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    const cancel_at = periodEnd.getTime() / 1000 + 86_400;
    await billing.client.subscriptions.update(account.subscriptionId, { cancel_at });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null });
    await cancelPlan(account);
    expect((await billing.client.subscriptions.retrieve(account.subscriptionId)).cancel_at).toBe(cancel_at - 86_400);
  });

  it('goes from a cancelled plan to a larger one in one step', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    await cancelPlan(account);
    expect(await changePlan({ ...account, planId: 'team' })).toMatchObject({ outcome: 'changed' });
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null, monthly: 2000n * CREDIT });
  });
});

describe('invoices and the portal', () => {
  it('are there once an organization has paid', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    expect(await listInvoices(account.organizationId)).toMatchObject([{ status: 'paid', amountCents: 2900 }]);
    expect(await openPortal(account)).toContain('http');
    const other = await seedOrganization(database());
    expect(await listInvoices(other.organizationId)).toEqual([]);
    expect(await openPortal(other)).toBeNull();
  });
});

describe('a plan whose price has changed since', () => {
  const priceOf = async (subscriptionId: string) => {
    const { items, cancel_at_period_end } = await billing.client.subscriptions.retrieve(subscriptionId);
    return { cents: items.data[0]?.price.unit_amount, ends: cancel_at_period_end };
  };
  /** A subscriber at today's price, which then rises for everybody else. */
  async function subscriberOfOldPrice(planId: 'pro' | 'team') {
    const account = await subscribe(billing, planId);
    await account.deliver();
    const { priceUsdCents } = await db().plan.findUniqueOrThrow({ where: { id: planId } });
    const setPrice = (cents: number) => db().plan.update({ where: { id: planId }, data: { priceUsdCents: cents } });
    await setPrice(priceUsdCents + 1000);
    return { ...account, cents: priceUsdCents, restore: () => setPrice(priceUsdCents) };
  }

  it('goes on at the price the subscription has when its cancellation is taken back', async () => {
    const account = await subscriberOfOldPrice('pro');
    try {
      await cancelPlan(account);
      expect(await priceOf(account.subscriptionId)).toEqual({ cents: account.cents, ends: true });
      expect(await resumePlan(account)).toMatchObject({ outcome: 'changed' });
      expect(await priceOf(account.subscriptionId)).toEqual({ cents: account.cents, ends: false });
      // Choosing the plan that one has changes nothing either.
      expect(await changePlan({ ...account, planId: 'pro' })).toMatchObject({ outcome: 'unchanged' });
      expect(await priceOf(account.subscriptionId)).toEqual({ cents: account.cents, ends: false });
    } finally {
      await account.restore();
    }
  });

  it('goes on at the price it had before a downgrade that is taken back, also after a cancellation in between', async () => {
    const account = await subscriberOfOldPrice('team');
    try {
      await changePlan({ ...account, planId: 'pro' });
      expect(await priceOf(account.subscriptionId)).toEqual({ cents: 2900, ends: false });
      await resumePlan(account);
      expect(await priceOf(account.subscriptionId)).toEqual({ cents: account.cents, ends: false });
      await changePlan({ ...account, planId: 'pro' });
      await cancelPlan(account);
      await resumePlan(account);
      expect(await priceOf(account.subscriptionId)).toEqual({ cents: account.cents, ends: false });
      expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null });
    } finally {
      await account.restore();
    }
  });

  it('costs its new price for a customer who comes from another plan', async () => {
    const account = await subscriberOfOldPrice('team');
    try {
      const other = await subscribe(billing, 'pro');
      await other.deliver();
      await changePlan({ ...other, planId: 'team' });
      expect(await priceOf(other.subscriptionId)).toEqual({ cents: account.cents + 1000, ends: false });
    } finally {
      await account.restore();
    }
  });
});
