import { describe, expect, it } from 'vitest';
import { changePlan } from '@/server/billing/plans/change-plan';
import { database, db } from '@/server/platform/db';
import { billing } from '@/test/billing';
import { buy, CREDIT, pay, sessionIdOf, spend, stateOf } from '@/test/billing-accounts';
import { seedOrganization } from '@/test/test-db';
import { startTopup } from './start-topup';

describe('a purchase that is paid back', () => {
  it('takes back what is left and marks the rest as owed, which the next purchase repays', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed, intent } = pay(billing, purchase);
    await billing.deliver(completed);
    // 10 monthly and 60 of the 100 bought.
    await spend(purchase.organizationId, 70n * CREDIT);
    await billing.client.refunds.create({ payment_intent: intent });
    await billing.deliverAll(purchase.events('charge.refunded'), 1);
    expect(await stateOf(purchase)).toMatchObject({
      status: 'refunded',
      clawedMicro: 40n * CREDIT,
      owedMicro: 60n * CREDIT,
      bonus: 0n,
      owed: 60n * CREDIT,
    });
    const { organizationId } = purchase;
    expect(await db().notice.count({ where: { organizationId, kind: 'owed' } })).toBe(1);
    const next = await buy(billing, 'starter', purchase);
    await billing.deliver(pay(billing, next).completed);
    expect(await stateOf(next)).toMatchObject({ status: 'paid', bonus: 40n * CREDIT, owed: 0n, grants: 2 });
  });

  it('takes the share of a partial refund, rounded up, each time only what is new', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed, intent } = pay(billing, purchase);
    await billing.deliver(completed);
    await billing.client.refunds.create({ payment_intent: intent, amount: 1 });
    await billing.deliverAll(purchase.events('charge.refunded'), 1);
    // 1 of 999 cents: 100,100.1 of 100,000,000 micro-credits.
    expect(await stateOf(purchase)).toMatchObject({ clawedMicro: 100_101n, bonus: 99_899_899n });
    await billing.client.refunds.create({ payment_intent: intent });
    await billing.deliverAll(purchase.events('charge.refunded'), 2);
    expect(await stateOf(purchase)).toMatchObject({ clawedMicro: 100n * CREDIT, bonus: 0n, owed: 0n });
  });

  it('takes everything back when it is disputed', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed, intent } = pay(billing, purchase);
    await billing.deliver(completed);
    billing.fake.dispute(intent);
    await billing.deliverAll(purchase.events('charge.dispute.created'), 1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'disputed', clawedMicro: 100n * CREDIT, bonus: 0n });
  });
});

describe('starting a purchase', () => {
  it('opens one payment page although the answer was lost on the way', async () => {
    billing.fake.failNext({ method: 'POST', path: '/v1/checkout/sessions', kind: 'drop' });
    const purchase = await buy(billing, 'starter');
    const sessions = billing.fake
      .requests()
      .filter(({ idempotencyKey }) => idempotencyKey?.startsWith(`purchase:${purchase.purchaseId}:`));
    expect(sessions.map(({ replayed }) => replayed)).toEqual([false, true]);
    const page = await billing.client.checkout.sessions.retrieve(purchase.sessionId);
    expect(page).toMatchObject({
      client_reference_id: purchase.organizationId,
      amount_total: 999,
      metadata: { purchaseId: purchase.purchaseId, packageId: 'starter' },
    });
  });

  it('makes one customer for an organization that starts several at once', async () => {
    const account = await seedOrganization(database());
    const [one, other] = await Promise.all([buy(billing, 'starter', account), buy(billing, 'power', account)]);
    const pages = await Promise.all(
      [one, other].map(({ sessionId }) => billing.client.checkout.sessions.retrieve(sessionId)),
    );
    expect(pages[0]?.customer).toBe(pages[1]?.customer);
    const row = await db().organizationPlan.findUniqueOrThrow({ where: { organizationId: account.organizationId } });
    expect(row.stripeCustomerId).toBe(pages[0]?.customer);
  });

  it('leaves no purchase behind that looks payable when the payment service is down', async () => {
    const account = await seedOrganization(database());
    await startTopup({ ...account, packageId: 'starter' });
    for (let i = 0; i < 3; i++) billing.fake.failNext({ method: 'POST', path: '/v1/checkout/sessions', kind: 503 });
    await expect(startTopup({ ...account, packageId: 'starter' })).rejects.toMatchObject({
      code: 'payments_unavailable',
    });
    const rows = await db().purchase.findMany({ where: { organizationId: account.organizationId } });
    expect(rows.map(({ status }) => status).sort()).toEqual(['expired', 'pending']);
  });

  it('knows only packages on sale', async () => {
    const account = await seedOrganization(database());
    await expect(startTopup({ ...account, packageId: 'gold' })).rejects.toMatchObject({ code: 'not_found' });
  });
});

it('the way back from the payment page of a plan says whose plan it is', async () => {
  const account = await seedOrganization(database());
  const { url } = await changePlan({ ...account, planId: 'pro', returnTo: '/credits' });
  const { success_url, cancel_url } = await billing.client.checkout.sessions.retrieve(sessionIdOf(url));
  for (const back of [success_url, cancel_url])
    expect(Object.fromEntries(new URL(back ?? '').searchParams)).toEqual({
      plan: 'pro',
      organization: account.organizationId,
      returnTo: '/credits',
    });
});
