import { describe, expect, it, vi } from 'vitest';
import { billing } from '@/test/billing';
import { CREDIT, nextPeriod, periodOf, rowOf, subscribe } from '@/test/billing-accounts';
import { changeAnswers, holdAnswers } from '@/test/billing-harness';
import { cancelPlan } from './cancel-plan';
import { changePlan } from './change-plan';
import { resumePlan } from './resume-plan';

async function subscriber(planId: 'pro' | 'team') {
  const account = await subscribe(billing, planId);
  await account.deliver();
  const renew = async (options: { paymentFails?: boolean } = {}) => {
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    nextPeriod(billing, account.subscriptionId, periodEnd, options);
  };
  return { ...account, renew };
}

type Account = Awaited<ReturnType<typeof subscriber>>;

const priceOf = async ({ subscriptionId }: Account) =>
  (await billing.client.subscriptions.retrieve(subscriptionId)).items.data[0]?.price.unit_amount;

/** Stripe keeps a renewal's invoice as a draft for about an hour. Returns the way out of it. */
const draftHour = () =>
  changeAnswers(billing.fake.url, '/v1/subscriptions?', (body) =>
    body.replaceAll(/"status": ?"paid"/g, '"status":"draft"'),
  );

describe('a change that meets a renewal whose webhooks are still on their way', () => {
  it('does not keep a larger plan for the price of the smaller one that was paid for', async () => {
    const account = await subscriber('team');
    await changePlan({ ...account, planId: 'pro' });
    await account.deliver();
    await account.renew();
    await expect(resumePlan(account)).rejects.toMatchObject({ code: 'conflict', details: { reason: 'plan_changed' } });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null, monthly: 500n * CREDIT });
    expect(await priceOf(account)).toBe(2900);
  });

  it('waits while the renewal’s invoice is a draft, and the plan that it is for comes with it', async () => {
    const account = await subscriber('team');
    await changePlan({ ...account, planId: 'pro' });
    await account.deliver();
    await account.renew();
    const proxy = await draftHour();
    await expect(changePlan({ ...account, planId: 'team' })).rejects.toMatchObject({
      code: 'conflict',
      details: { reason: 'payment_pending' },
    });
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: 'pro' });
    await proxy.close();
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', monthly: 500n * CREDIT });
  });

  it('gives the plan of the invoice, not that of a price which was set after it without a payment', async () => {
    const account = await subscriber('team');
    await changePlan({ ...account, planId: 'pro' });
    await account.deliver();
    const item = (await billing.client.subscriptions.retrieve(account.subscriptionId)).items.data[0];
    const team = await billing.client.prices.list({ lookup_keys: ['plumbline_team_9900'] });
    await account.renew();
    const proxy = await draftHour();
    await billing.client.subscriptions.update(account.subscriptionId, {
      items: [{ id: item?.id ?? '', price: team.data[0]?.id ?? '' }],
      proration_behavior: 'none',
    });
    await account.deliver();
    await proxy.close();
    const [paid] = billing.fake.events('invoice.paid').slice(-1);
    expect((await billing.deliver({ ...(paid ?? expect.fail('no event')), id: `${paid?.id}_late` })).status).toBe(200);
    // The larger price is for the next period, which begins with its payment.
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null, monthly: 500n * CREDIT });
    await account.renew();
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'team', monthly: 2000n * CREDIT });
  });

  it('is told that the subscription has ended', async () => {
    const account = await subscriber('pro');
    await cancelPlan(account);
    await account.deliver();
    await account.renew();
    await expect(resumePlan(account)).rejects.toMatchObject({ code: 'conflict', details: { reason: 'plan_changed' } });
    expect(await rowOf(account)).toMatchObject({ planId: 'free', pendingPlanId: null, stripeSubscriptionId: null });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'free', monthly: 10n * CREDIT });
  });

  it('upgrades from the period that has begun', async () => {
    const account = await subscriber('pro');
    await account.renew();
    expect(await changePlan({ ...account, planId: 'team' })).toMatchObject({ outcome: 'changed' });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({
      planId: 'team',
      monthly: 2000n * CREDIT,
      ...(await periodOf(billing, account.subscriptionId)),
    });
  });
});

it('an upgrade that one tab has paid for is not taken back by another tab', async () => {
  const account = await subscriber('pro');
  await cancelPlan(account);
  await account.deliver();
  const proxy = await holdAnswers(billing.fake.url, `/v1/subscriptions/${account.subscriptionId}`);
  const upgraded = changePlan({ ...account, planId: 'team' });
  await vi.waitFor(() => expect(proxy.waiting()).toBe(1));
  proxy.stopHolding();
  await expect(resumePlan(account)).rejects.toMatchObject({ code: 'conflict', details: { reason: 'plan_changed' } });
  proxy.release();
  expect(await upgraded).toMatchObject({ outcome: 'changed' });
  await proxy.close();
  await account.deliver();
  expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null, monthly: 2000n * CREDIT });
  expect(await priceOf(account)).toBe(9900);
});

it('one upgrade is paid for, however often the button is pressed', async () => {
  const account = await subscriber('pro');
  const presses = await Promise.all(Array.from({ length: 5 }, () => changePlan({ ...account, planId: 'team' })));
  expect(new Set(presses.map(({ outcome }) => outcome))).toEqual(new Set(['changed']));
  await account.deliver();
  expect(await rowOf(account)).toMatchObject({ planId: 'team', monthly: 2000n * CREDIT });
  expect((await billing.client.invoices.list({ customer: account.customer })).data).toHaveLength(2);
});

it('a cancellation goes through while the bank carries out a renewal, and is for the end of the period that it pays for', async () => {
  const account = await subscriber('pro');
  await account.renew({ paymentFails: true });
  billing.fake.setStatus(account.subscriptionId, 'active');
  await account.deliver();
  const { periodEnd } = await periodOf(billing, account.subscriptionId);
  await expect(changePlan({ ...account, planId: 'team' })).rejects.toMatchObject({
    details: { reason: 'payment_pending' },
  });
  for (let press = 0; press < 2; press++)
    expect(await cancelPlan(account)).toEqual({ outcome: 'scheduled', url: null, at: periodEnd });
  expect((await billing.client.subscriptions.retrieve(account.subscriptionId)).cancel_at_period_end).toBe(true);
  // Not for the end of the period before, which is over already.
  expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'active', pendingPlanId: null });
  billing.fake.retryPayment(account.subscriptionId, { paymentFails: false });
  await account.deliver();
  expect(await rowOf(account)).toMatchObject({
    planId: 'pro',
    monthly: 500n * CREDIT,
    pendingPlanId: 'free',
    pendingFrom: periodEnd,
  });
});
