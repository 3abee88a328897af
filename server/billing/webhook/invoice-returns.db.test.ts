import { describe, expect, it } from 'vitest';
import { changePlan } from '@/server/billing/plans/change-plan';
import { reserve } from '@/server/credits/ledger/ledger';
import { db } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { billing } from '@/test/billing';
import { CREDIT, nextPeriod, periodOf, rowOf, spend, subscribe } from '@/test/billing-accounts';
import { permutations } from '@/test/billing-harness';

/** A subscriber, and what the bank and Stripe tell about the payment of its newest invoice. */
async function subscriber(options: { delivered: boolean } = { delivered: true }) {
  const account = await subscribe(billing, 'pro');
  if (options.delivered) await account.deliver();
  const seen = new Set<string>();
  const newest = async () => {
    const [invoice] = (await billing.client.invoices.list({ customer: account.customer, limit: 1 })).data;
    return billing.fake.paymentOfInvoice(invoice?.id ?? '');
  };
  /** What was told about returned money since the last call. */
  const returns = (payment: string) => {
    const fresh = billing.fake.events().filter(({ id, type, data: { object } }) => {
      const about = 'payment_intent' in object && object.payment_intent === payment;
      return about && !seen.has(id) && (type === 'charge.refunded' || type.startsWith('charge.dispute.'));
    });
    for (const { id } of fresh) seen.add(id);
    return fresh;
  };
  const tell = async (payment: string) => {
    const events = returns(payment);
    expect(events).not.toEqual([]);
    expect(new Set(await billing.deliverAll([...events, ...events], 4))).toEqual(new Set([200]));
  };
  const refund = async (payment: string, amount?: number) => {
    await billing.client.refunds.create({ payment_intent: payment, ...(amount === undefined ? {} : { amount }) });
    await tell(payment);
  };
  const state = async () => {
    const { monthly, bonus, planId } = await rowOf(account);
    const { owed } = await db().creditBalance.findUniqueOrThrow({ where: { organizationId: account.organizationId } });
    return { planId, monthly, bonus, owed };
  };
  return { ...account, newest, returns, tell, refund, state };
}

describe('the refund of a subscription’s invoice', () => {
  it('takes what is left of the month, then the welcome bonus; the rest is owed', async () => {
    const account = await subscriber();
    await spend(account.organizationId, 100n * CREDIT);
    await account.refund(await account.newest());
    // All that it brought, the 25 to welcome as well, less what was left: so much was used.
    expect(await account.state()).toEqual({ planId: 'pro', monthly: 0n, bonus: 0n, owed: 100n * CREDIT });
  });

  it('leaves the credits to welcome until all of it is refunded, then takes them once', async () => {
    const account = await subscriber();
    const payment = await account.newest();
    await account.refund(payment, 2899);
    expect(await account.state()).toMatchObject({ monthly: 172_413n, bonus: 25n * CREDIT, owed: 0n });
    await account.refund(payment, 1);
    expect(await account.state()).toMatchObject({ monthly: 0n, bonus: 0n, owed: 0n });
    billing.fake.dispute(payment, { amount: 2900 });
    await account.tell(payment);
    expect(await account.state()).toMatchObject({ monthly: 0n, bonus: 0n, owed: 0n });
  });

  it('of a renewal takes no credits to welcome: it brought none', async () => {
    const account = await subscriber();
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    nextPeriod(billing, account.subscriptionId, periodEnd);
    await account.deliver();
    await account.refund(await account.newest());
    expect(await account.state()).toMatchObject({ monthly: 0n, bonus: 25n * CREDIT, owed: 0n });
  });

  it('in part takes that share, and with the next part only what is new', async () => {
    const account = await subscriber();
    const payment = await account.newest();
    await account.refund(payment, 725);
    expect(await account.state()).toMatchObject({ monthly: 375n * CREDIT, bonus: 25n * CREDIT, owed: 0n });
    await account.refund(payment, 725);
    expect(await account.state()).toMatchObject({ monthly: 250n * CREDIT, bonus: 25n * CREDIT, owed: 0n });
  });

  it('takes nothing that a call in the midst of its work needs', async () => {
    const account = await subscriber();
    const { organizationId } = account;
    await reserve(db(), { organizationId, amount: 520n * CREDIT, idempotencyKey: newId(), ttlMs: 600_000 });
    await account.refund(await account.newest());
    expect(await account.state()).toMatchObject({ monthly: 495n * CREDIT, bonus: 25n * CREDIT, owed: 520n * CREDIT });
  });

  it('of an upgrade takes the difference that it brought', async () => {
    const account = await subscriber();
    await changePlan({ ...account, planId: 'team' });
    await account.deliver();
    await account.refund(await account.newest());
    // Its 50 to welcome go back with it; the 25 of the other plan stay.
    expect(await account.state()).toEqual({ planId: 'team', monthly: 500n * CREDIT, bonus: 25n * CREDIT, owed: 0n });
  });

  it('after the month is over asks only for what was used, and leaves the new month alone', async () => {
    const account = await subscriber();
    const first = await account.newest();
    await spend(account.organizationId, 100n * CREDIT);
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    nextPeriod(billing, account.subscriptionId, periodEnd);
    await account.deliver();
    await account.refund(first);
    expect(await account.state()).toMatchObject({ monthly: 500n * CREDIT, bonus: 0n, owed: 100n * CREDIT });
  });

  it('counts although it is told before the payment is', async () => {
    const account = await subscriber({ delivered: false });
    await account.refund(await account.newest());
    expect(await account.state()).toMatchObject({ planId: 'pro', monthly: 0n, bonus: 0n, owed: 0n });
    await account.deliver();
    expect(await account.state()).toMatchObject({ planId: 'pro', monthly: 0n, bonus: 0n, owed: 0n });
  });
});

describe('a dispute of a subscription’s invoice', () => {
  it('that is won gives back, as bonus, what was taken, and what is owed is forgiven', async () => {
    const account = await subscriber();
    const payment = await account.newest();
    await spend(account.organizationId, 100n * CREDIT);
    const { id } = billing.fake.dispute(payment);
    await account.tell(payment);
    expect(await account.state()).toMatchObject({ monthly: 0n, bonus: 0n, owed: 100n * CREDIT });
    billing.fake.closeDispute(id, 'won');
    await account.tell(payment);
    expect(await account.state()).toMatchObject({ monthly: 0n, bonus: 425n * CREDIT, owed: 0n });
  });

  it('that is won leaves the same credits in every order of its events', async () => {
    const totals = new Set<bigint>();
    for (const order of permutations([0, 1, 2, 3])) {
      const account = await subscriber();
      const payment = await account.newest();
      billing.fake.closeDispute(billing.fake.dispute(payment).id, 'won');
      const four = account.returns(payment);
      expect(four).toHaveLength(4);
      const ordered = order.map((index) => four[index]).filter((event) => event !== undefined);
      expect(new Set(await billing.deliverAll([...ordered, ...ordered], 8))).toEqual(new Set([200]));
      const { monthly, bonus, owed } = await account.state();
      totals.add(monthly + bonus - owed);
    }
    expect([...totals]).toEqual([525n * CREDIT]);
  }, 300_000);
});
