import { describe, expect, it, vi } from 'vitest';
import { listInvoices } from '@/server/billing/checkout/list-invoices';
import { resetMonth } from '@/server/credits/ledger/ledger';
import { setClockOffset } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { billing } from '@/test/billing';
import { CREDIT, DAY, rowOf, subscribe, subscribeUnpaid } from '@/test/billing-accounts';
import { applySubscription } from './apply-subscription';
import { cancelPlan } from './cancel-plan';
import { changePlan } from './change-plan';
import { endGrace } from './end-grace';
import { listPlans } from './list-offers';
import { syncSubscription } from './sync-subscription';

const unpaid = () => subscribeUnpaid(billing);
type Account = Awaited<ReturnType<typeof subscribe>>;

const statusOf = async ({ subscriptionId }: Account) =>
  (await billing.client.subscriptions.retrieve(subscriptionId)).status;
const invoicesOf = async ({ customer }: Account) =>
  (await billing.client.invoices.list({ customer })).data.map(({ status, total }) => `${status} ${total}`);
const graceIsOver = ({ renewedAt }: { renewedAt: Date }) => setClockOffset(renewedAt.getTime() + 4 * DAY - Date.now());
const ended = { planId: 'free', status: 'canceled', stripeSubscriptionId: null, pendingPlanId: null } as const;

/** What is written to the log as an error while `work` runs. */
async function errorsOf(work: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const write = vi.spyOn(logger(), 'error').mockImplementation((_: unknown, message?: string) => {
    lines.push(message ?? '');
  });
  try {
    await work();
  } finally {
    write.mockRestore();
  }
  return lines;
}

describe('a plan that was not paid for', () => {
  it('keeps its grace while Stripe calls it unpaid, is paid after all, and still ends when its subscription does', async () => {
    const account = await unpaid();
    billing.fake.setStatus(account.subscriptionId, 'unpaid');
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'past_due' });
    billing.fake.retryPayment(account.subscriptionId, { paymentFails: false });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'active', monthly: 500n * CREDIT });
    billing.fake.endSubscription(account.subscriptionId, 'payment_disputed');
    expect(await account.deliver()).not.toContain(500);
    expect(await rowOf(account)).toMatchObject({ ...ended, monthly: 10n * CREDIT });
    setClockOffset(account.renewedAt.getTime() + 40 * DAY - Date.now());
    await resetMonth(db(), account.organizationId);
    expect(await rowOf(account)).toMatchObject({ planId: 'free', monthly: 10n * CREDIT });
  });

  it.each(['unpaid', 'paused'] as const)(
    'is not subscribed to a second time while Stripe calls it %s, and ends after its grace',
    async (status) => {
      const account = await unpaid();
      billing.fake.setStatus(account.subscriptionId, status);
      await account.deliver();
      for (const planId of ['pro', 'team'])
        await expect(changePlan({ ...account, planId })).rejects.toMatchObject({
          code: 'conflict',
          details: { reason: 'past_due' },
        });
      graceIsOver(account);
      await endGrace(db());
      expect(await rowOf(account)).toMatchObject(ended);
      expect(await statusOf(account)).toBe('canceled');
      expect(await invoicesOf(account)).toEqual(['void 2900', 'paid 2900']);
    },
  );

  it('is the same plan again when its paused subscription goes on with a period that was paid for', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    billing.fake.setStatus(account.subscriptionId, 'paused');
    await account.deliver();
    billing.fake.setStatus(account.subscriptionId, 'active');
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({
      planId: 'pro',
      status: 'active',
      graceUntil: null,
      monthly: 500n * CREDIT,
    });
  });

  it('leaves nothing that could be paid when its grace ends', async () => {
    const account = await unpaid();
    expect((await listInvoices(account.organizationId))[0]).toMatchObject({ status: 'open', url: expect.any(String) });
    graceIsOver(account);
    await endGrace(db());
    expect(await invoicesOf(account)).toEqual(['void 2900', 'paid 2900']);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject(ended);
  });

  it('ends although its invoice cannot be voided; nobody is led to it, and its payment is an error in the log', async () => {
    const account = await unpaid();
    const [open] = (await billing.client.invoices.list({ customer: account.customer })).data;
    billing.fake.failNext({ method: 'POST', path: `/v1/invoices/${open?.id}/void`, kind: 403 });
    graceIsOver(account);
    const lines = await errorsOf(() => endGrace(db()));
    expect(lines).toEqual([expect.stringContaining('Stripe refused'), expect.stringContaining('can still be paid')]);
    expect(await rowOf(account)).toMatchObject(ended);
    expect((await listInvoices(account.organizationId))[0]).toMatchObject({ status: 'open', url: null });
    await account.deliver();
    await billing.client.invoices.pay(open?.id ?? '');
    const written = await errorsOf(() => account.deliver());
    expect(written).toEqual([expect.stringContaining('paid for a subscription that is over')]);
    expect(await rowOf(account)).toMatchObject(ended);
  });

  it('ends at once when it is cancelled, and the card is not tried again', async () => {
    const account = await unpaid();
    const offers = await listPlans(account.organizationId);
    expect(offers.find(({ id }) => id === 'free')?.change).toMatchObject({ kind: 'downgrade', at: null });
    expect(await cancelPlan(account)).toEqual({ outcome: 'changed', url: null, at: null });
    expect(await rowOf(account)).toMatchObject({
      ...ended,
      graceUntil: null,
      monthly: 10n * CREDIT,
      bonus: 25n * CREDIT,
    });
    expect(await statusOf(account)).toBe('canceled');
    expect(await invoicesOf(account)).toEqual(['void 2900', 'paid 2900']);
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ ...ended, monthly: 10n * CREDIT });
    expect(await changePlan({ ...account, planId: 'pro' })).toMatchObject({ outcome: 'checkout' });
  });
});

it('a plan ends each time its subscription is said to have ended', async () => {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  const paid = await syncSubscription(account.customer);
  if (paid === null || paid === 'gone') throw new Error('no subscription');
  const apply = (state: Partial<typeof paid>) =>
    inTx((tx) => applySubscription(tx, account.organizationId, { ...paid, ...state }, null));
  await apply({ status: 'ended' });
  expect(await rowOf(account)).toMatchObject(ended);
  await apply({ invoiceId: 'in_another' });
  expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'active', monthly: 500n * CREDIT });
  await apply({ status: 'ended' });
  expect(await rowOf(account)).toMatchObject({ ...ended, monthly: 10n * CREDIT });
});
