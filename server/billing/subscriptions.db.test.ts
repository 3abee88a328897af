import type Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Billing, permutations, startBilling } from '@/e2e/billing-harness';
import { auditLedger } from '@/server/credits/audit';
import { resetMonth } from '@/server/credits/ledger';
import { now, setClockOffset } from '@/server/platform/clock';
import { type Database, db } from '@/server/platform/db';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { cancelPlan } from './cancel-plan';
import { changePlan } from './change-plan';
import { endGrace } from './end-grace';
import { listInvoices } from './list-invoices';
import { openPortal } from './open-portal';
import { resumePlan } from './resume-plan';

const CREDIT = 1_000_000n;
const DAY = 86_400_000;

let database: Database;
let billing: Billing;

beforeAll(async () => {
  database = await testDb();
  billing = await startBilling();
});
afterEach(() => setClockOffset(0));
afterAll(async () => {
  expect(await auditLedger(db())).toEqual([]);
  await billing.stop();
  await closeTestDb();
});

type Account = Awaited<ReturnType<typeof seedOrganization>>;

/** Events of this organization's customer that were not seen before. */
function newEvents(seen: Set<string>, customer: string): Stripe.Event[] {
  const fresh = billing.fake
    .events()
    .filter(({ id, data }) => !seen.has(id) && 'customer' in data.object && data.object.customer === customer);
  for (const { id } of fresh) seen.add(id);
  return fresh;
}

const sessionIdOf = (url: string | null) => /(cs_[A-Za-z0-9_]+)/.exec(url ?? '')?.[1] ?? '';

/** An organization that paid for a plan on Stripe's page; nothing is delivered yet. */
async function subscribe(planId: 'pro' | 'team') {
  const account = await seedOrganization(database, { monthlyMicro: 10n * CREDIT });
  await signedUpTenDaysAgo(account);
  const { outcome, url } = await changePlan({ ...account, planId });
  expect(outcome).toBe('checkout');
  const { customer } = await rowOf(account);
  const seen = new Set<string>();
  billing.fake.completeCheckout(sessionIdOf(url), 'pay');
  const [subscription] = (await billing.client.subscriptions.list({ customer })).data;
  if (subscription === undefined) throw new Error('no subscription');
  const events = () => newEvents(seen, customer);
  const deliver = () => billing.deliverAll(events(), 4);
  return { ...account, customer, subscriptionId: subscription.id, events, deliver };
}

async function signedUpTenDaysAgo({ organizationId }: Account) {
  const data = { periodStart: new Date(Date.now() - 10 * DAY), periodEnd: new Date(Date.now() + 20 * DAY) };
  await db().organizationPlan.update({ where: { organizationId }, data });
  await db().creditBalance.update({ where: { organizationId }, data });
}

async function rowOf({ organizationId }: Account) {
  const row = await db().organizationPlan.findUniqueOrThrow({ where: { organizationId } });
  const balance = await db().creditBalance.findUniqueOrThrow({ where: { organizationId } });
  return { ...row, customer: row.stripeCustomerId ?? '', monthly: balance.monthly, bonus: balance.bonus };
}

async function periodOf(subscriptionId: string) {
  const item = (await billing.client.subscriptions.retrieve(subscriptionId)).items.data[0];
  if (item === undefined) throw new Error('no item');
  return {
    periodStart: new Date(item.current_period_start * 1000),
    periodEnd: new Date(item.current_period_end * 1000),
  };
}

/** Lets Stripe renew (or end) the subscription and moves this application's clock there. */
function nextPeriod(subscriptionId: string, end: Date, options: { paymentFails?: boolean } = {}) {
  setClockOffset(end.getTime() - Date.now() + 5_000);
  billing.fake.advancePeriod(subscriptionId, options);
}

describe('a subscription', () => {
  it('raises the plan once its payment is reported: credits, welcome credits and the paid period', async () => {
    const account = await subscribe('pro');
    expect(await rowOf(account)).toMatchObject({ planId: 'free', monthly: 10n * CREDIT });
    expect(await account.deliver()).not.toContain(500);
    expect(await rowOf(account)).toMatchObject({
      planId: 'pro',
      status: 'active',
      monthly: 500n * CREDIT,
      bonus: 25n * CREDIT,
      stripeSubscriptionId: account.subscriptionId,
      pendingPlanId: null,
      ...(await periodOf(account.subscriptionId)),
    });
  });

  it('ends in one state in every order of its events, each twice, eight at a time', async () => {
    const types = ['checkout.session.completed', 'customer.subscription.created', 'invoice.paid'];
    const states = new Set<string>();
    for (const order of permutations([0, 1, 2, 3])) {
      const account = await subscribe('pro');
      const first = account.events().filter(({ type }) => types.includes(type));
      await billing.client.subscriptions.update(account.subscriptionId, { cancel_at_period_end: true });
      const four = [...first, ...account.events().filter(({ type }) => type === 'customer.subscription.updated')];
      expect(four).toHaveLength(4);
      const ordered = order.map((index) => four[index]).filter((event) => event !== undefined);
      expect(new Set(await billing.deliverAll([...ordered, ...ordered], 8))).toEqual(new Set([200]));
      const { planId, pendingPlanId, status, monthly, bonus } = await rowOf(account);
      states.add([planId, pendingPlanId, status, monthly, bonus].join(' '));
    }
    expect([...states]).toEqual([`pro free active ${500n * CREDIT} ${25n * CREDIT}`]);
    expect(await auditLedger(db())).toEqual([]);
  }, 120_000);

  it('is paid for on one page, however many tabs ask, and a page for another plan is closed', async () => {
    const account = await seedOrganization(database);
    const wish = (planId: string) => changePlan({ ...account, planId });
    const [one, two] = [await wish('pro'), await wish('pro')];
    expect(one.url).toBe(two.url);
    const other = await wish('team');
    expect(sessionIdOf(other.url)).not.toBe(sessionIdOf(one.url));
    const closed = await billing.client.checkout.sessions.retrieve(sessionIdOf(one.url));
    expect(closed.status).toBe('expired');
    const again = await wish('pro');
    expect([sessionIdOf(one.url), sessionIdOf(other.url)]).not.toContain(sessionIdOf(again.url));
  });

  it('gives the next month its credits when its invoice is paid, once', async () => {
    const account = await subscribe('pro');
    await account.deliver();
    const { periodEnd } = await periodOf(account.subscriptionId);
    nextPeriod(account.subscriptionId, periodEnd);
    const events = account.events();
    // The job may be first, with a month of its own idea of length: the invoice corrects the end.
    await resetMonth(db(), account.organizationId);
    await billing.deliverAll([...events, ...events], 8);
    expect(await rowOf(account)).toMatchObject({
      monthly: 500n * CREDIT,
      bonus: 25n * CREDIT,
      ...(await periodOf(account.subscriptionId)),
    });
    const { organizationId } = account;
    // One for the first paid period, one for this.
    expect(await db().creditEntry.count({ where: { organizationId, kind: 'plan_allocation' } })).toBe(2);
  });

  it('keeps the new plan when the end of an older subscription is reported late', async () => {
    const account = await subscribe('pro');
    await account.deliver();
    await billing.client.subscriptions.cancel(account.subscriptionId);
    const late = account.events();
    await billing.deliverAll(late, 1);
    expect(await rowOf(account)).toMatchObject({ planId: 'free', status: 'canceled', monthly: 10n * CREDIT });
    const { url } = await changePlan({ ...account, planId: 'team' });
    billing.fake.completeCheckout(sessionIdOf(url), 'pay');
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'team', status: 'active', monthly: 2000n * CREDIT });
    const deleted = late.filter(({ type }) => type === 'customer.subscription.deleted');
    await billing.deliverAll(
      deleted.map((event) => ({ ...event, id: `${event.id}_again` })),
      1,
    );
    expect(await rowOf(account)).toMatchObject({ planId: 'team', status: 'active', monthly: 2000n * CREDIT });
  });
});

describe('changing the plan', () => {
  it('upgrades at once, with the rest of the period paid, and webhooks add nothing', async () => {
    const account = await subscribe('pro');
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
    const account = await subscribe('pro');
    await account.deliver();
    billing.fake.setCard(account.customer, 'declines');
    await expect(changePlan({ ...account, planId: 'team' })).rejects.toMatchObject({ code: 'payment_declined' });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'active', monthly: 500n * CREDIT });
  });

  it('downgrades when the period ends, at the smaller price', async () => {
    const account = await subscribe('team');
    await account.deliver();
    const { periodEnd } = await periodOf(account.subscriptionId);
    expect(await changePlan({ ...account, planId: 'pro' })).toEqual({ outcome: 'scheduled', url: null, at: periodEnd });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: 'pro', monthly: 2000n * CREDIT });
    nextPeriod(account.subscriptionId, periodEnd);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null, monthly: 500n * CREDIT });
    const [invoice] = (await billing.client.invoices.list({ customer: account.customer })).data;
    expect(invoice?.amount_paid).toBe(2900);
  });

  it('takes a scheduled downgrade back', async () => {
    const account = await subscribe('team');
    await account.deliver();
    await changePlan({ ...account, planId: 'pro' });
    expect(await resumePlan(account)).toMatchObject({ outcome: 'changed' });
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null, pendingFrom: null });
    const { periodEnd } = await periodOf(account.subscriptionId);
    nextPeriod(account.subscriptionId, periodEnd);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'team', monthly: 2000n * CREDIT });
  });

  it('cancels at the end of the period, or not after all', async () => {
    const account = await subscribe('pro');
    await account.deliver();
    expect(await cancelPlan(account)).toMatchObject({ outcome: 'scheduled' });
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: 'free', status: 'active' });
    await resumePlan(account);
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: null });
    expect(await resumePlan(account)).toMatchObject({ outcome: 'unchanged' });
    await cancelPlan(account);
    const { periodEnd } = await periodOf(account.subscriptionId);
    nextPeriod(account.subscriptionId, periodEnd);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({
      planId: 'free',
      pendingPlanId: null,
      status: 'canceled',
      monthly: 10n * CREDIT,
      bonus: 25n * CREDIT,
    });
    expect(await cancelPlan(account)).toMatchObject({ outcome: 'unchanged' });
  });

  it('goes from a cancelled plan to a larger one in one step', async () => {
    const account = await subscribe('pro');
    await account.deliver();
    await cancelPlan(account);
    expect(await changePlan({ ...account, planId: 'team' })).toMatchObject({ outcome: 'changed' });
    expect(await rowOf(account)).toMatchObject({ planId: 'team', pendingPlanId: null, monthly: 2000n * CREDIT });
  });
});

describe('a failed payment', () => {
  async function unpaid() {
    const account = await subscribe('pro');
    await account.deliver();
    const { periodEnd } = await periodOf(account.subscriptionId);
    nextPeriod(account.subscriptionId, periodEnd, { paymentFails: true });
    await account.deliver();
    return account;
  }

  it('keeps the plan for three days, says so, and ends it when they are over', async () => {
    const account = await unpaid();
    const due = await rowOf(account);
    expect(due).toMatchObject({ planId: 'pro', status: 'past_due' });
    expect(due.graceUntil?.getTime()).toBeGreaterThan(now().getTime() + 3 * DAY - 60_000);
    const { organizationId } = account;
    expect(await db().notice.count({ where: { organizationId, kind: 'payment_failed' } })).toBe(1);
    await expect(changePlan({ ...account, planId: 'team' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await endGrace(db())).toBe(0);
    setClockOffset((due.graceUntil?.getTime() ?? 0) - Date.now() + 1000);
    expect(await endGrace(db())).toBe(1);
    expect(await endGrace(db())).toBe(0);
    expect(await rowOf(account)).toMatchObject({
      planId: 'free',
      status: 'canceled',
      graceUntil: null,
      monthly: 10n * CREDIT,
    });
    expect((await billing.client.subscriptions.retrieve(account.subscriptionId)).status).toBe('canceled');
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'free', status: 'canceled', monthly: 10n * CREDIT });
  });

  it('is forgotten when it is paid within the three days', async () => {
    const account = await unpaid();
    billing.fake.retryPayment(account.subscriptionId, { paymentFails: false });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({
      planId: 'pro',
      status: 'active',
      graceUntil: null,
      monthly: 500n * CREDIT,
      ...(await periodOf(account.subscriptionId)),
    });
  });
});

describe('invoices and the portal', () => {
  it('are there once an organization has paid', async () => {
    const account = await subscribe('pro');
    await account.deliver();
    expect(await listInvoices(account.organizationId)).toMatchObject([{ status: 'paid', amountCents: 2900 }]);
    expect(await openPortal(account)).toContain('http');
    const other = await seedOrganization(database);
    expect(await listInvoices(other.organizationId)).toEqual([]);
    expect(await openPortal(other)).toBeNull();
  });
});
