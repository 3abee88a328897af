import { describe, expect, it, vi } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { resetMonth } from '@/server/credits/ledger/ledger';
import { now, setClockOffset } from '@/server/platform/clock';
import { database, db, inTx } from '@/server/platform/db';
import { billing } from '@/test/billing';
import {
  CREDIT,
  DAY,
  nextPeriod,
  periodOf,
  rowOf,
  sessionIdOf,
  subscribe,
  subscribeUnpaid,
} from '@/test/billing-accounts';
import { holdAnswers, permutations } from '@/test/billing-harness';
import { seedOrganization } from '@/test/test-db';
import { applySubscription } from './apply-subscription';
import { changePlan } from './change-plan';
import { endGrace } from './end-grace';
import { syncOverdue } from './sync-overdue';

describe('a subscription', () => {
  it('raises the plan once its payment is reported: credits, welcome credits and the paid period', async () => {
    const account = await subscribe(billing, 'pro');
    expect(await rowOf(account)).toMatchObject({ planId: 'free', monthly: 10n * CREDIT });
    expect(await account.deliver()).not.toContain(500);
    expect(await rowOf(account)).toMatchObject({
      planId: 'pro',
      status: 'active',
      monthly: 500n * CREDIT,
      bonus: 25n * CREDIT,
      stripeSubscriptionId: account.subscriptionId,
      pendingPlanId: null,
      ...(await periodOf(billing, account.subscriptionId)),
    });
  });

  it('ends in one state in every order of its events, each twice, eight at a time', async () => {
    const types = ['checkout.session.completed', 'customer.subscription.created', 'invoice.paid'];
    const states = new Set<string>();
    for (const order of permutations([0, 1, 2, 3])) {
      const account = await subscribe(billing, 'pro');
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
  }, 300_000);

  it.each([
    ['changed nothing', [true, false], null],
    ['changed something', [false, true], 'free'],
  ] as const)('does not fall back to what was read before a newer state that %s', async (_, steps, pending) => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const cancel = (cancels: boolean) =>
      billing.client.subscriptions.update(account.subscriptionId, {
        cancel_at_period_end: cancels,
        metadata: { cancels: String(cancels) },
      });
    await cancel(steps[0]);
    const [older] = account.events();
    const proxy = await holdAnswers(billing.fake.url, '/v1/subscriptions?');
    const slow = billing.deliver(older?.id ?? '');
    await vi.waitFor(() => expect(proxy.waiting()).toBe(1));
    proxy.stopHolding();
    await cancel(steps[1]);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ pendingPlanId: pending });
    proxy.release();
    expect((await slow).status).toBe(200);
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', pendingPlanId: pending });
    await proxy.close();
  });

  it('is paid for on one page, however many tabs ask, and a page for another plan is closed', async () => {
    const account = await seedOrganization(database());
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
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    nextPeriod(billing, account.subscriptionId, periodEnd);
    const events = account.events();
    // The job may be first, with a month of its own idea of length: the invoice corrects the end.
    await resetMonth(db(), account.organizationId);
    await billing.deliverAll([...events, ...events], 8);
    expect(await rowOf(account)).toMatchObject({
      monthly: 500n * CREDIT,
      bonus: 25n * CREDIT,
      ...(await periodOf(billing, account.subscriptionId)),
    });
    const { organizationId } = account;
    // One for the first paid period, one for this.
    expect(await db().creditEntry.count({ where: { organizationId, kind: 'plan_allocation' } })).toBe(2);
  });

  it('keeps the new plan when the end of an older subscription is reported late', async () => {
    const account = await subscribe(billing, 'pro');
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

describe('a state of a subscription', () => {
  it('brings neither a plan nor a period before its invoice is paid', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const before = await rowOf(account);
    const later = { start: before.periodEnd, end: new Date(before.periodEnd.getTime() + 30 * DAY) };
    const state = {
      id: account.subscriptionId,
      itemId: 'si',
      priceId: 'price',
      formerPriceId: null,
      status: 'active',
      cancels: false,
      invoiceId: 'in',
    } as const;
    const apply = (paid: boolean) =>
      inTx((tx) =>
        applySubscription(
          tx,
          account.organizationId,
          { ...state, planId: 'team', period: later, paid, paidPlanId: paid ? 'team' : null },
          null,
        ),
      );
    await apply(false);
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', monthly: before.monthly, periodEnd: before.periodEnd });
    await apply(true);
    expect(await rowOf(account)).toMatchObject({ planId: 'team', monthly: 2000n * CREDIT, periodEnd: later.end });
  });

  it('of a customer that is not known here is acknowledged', async () => {
    const { id: customer } = await billing.client.customers.create({});
    const [event] = billing.fake.events('customer.subscription.created');
    if (event?.type !== 'customer.subscription.created') throw new Error('no event');
    const foreign = { ...event, id: 'evt_foreign', data: { object: { ...event.data.object, customer } } };
    expect(await billing.deliver(foreign)).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
  });
});

describe('a failed payment', () => {
  const unpaid = () => subscribeUnpaid(billing);

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
      stripeSubscriptionId: null,
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
      ...(await periodOf(billing, account.subscriptionId)),
    });
  });
});

describe('webhooks that are lost for good', () => {
  it('are made up for: an overdue subscription is read from Stripe, and the paid month comes once', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const before = await rowOf(account);
    nextPeriod(billing, account.subscriptionId, before.periodEnd);
    setClockOffset(before.periodEnd.getTime() - Date.now() + 3 * 3_600_000);
    expect(await syncOverdue(db())).toBeGreaterThan(0);
    expect(await rowOf(account)).toMatchObject({
      planId: 'pro',
      monthly: 500n * CREDIT,
      ...(await periodOf(billing, account.subscriptionId)),
    });
    expect((await rowOf(account)).periodEnd.getTime()).toBeGreaterThan(before.periodEnd.getTime());
    await syncOverdue(db());
    await account.deliver();
    expect((await rowOf(account)).monthly).toBe(500n * CREDIT);
  });
});

it('one page for a subscription is open at a time, wherever it was asked for', async () => {
  const owner = await seedOrganization(database());
  const first = await changePlan({ ...owner, planId: 'pro', returnTo: '/projects/one' });
  const second = await changePlan({ ...owner, planId: 'pro', returnTo: '/credits' });
  expect(first.url).not.toBe(second.url);
  const { customer } = await rowOf(owner);
  const open = await billing.client.checkout.sessions.list({ customer, status: 'open' });
  expect(open.data.map(({ url }) => url)).toEqual([second.url]);
});
