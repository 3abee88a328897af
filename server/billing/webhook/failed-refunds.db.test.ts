import { expect, it, vi } from 'vitest';
import { viewPurchase } from '@/server/billing/checkout/list-purchases';
import { billing } from '@/test/billing';
import { buy, CREDIT, pay, rowOf, spend, stateOf, subscribe } from '@/test/billing-accounts';
import { holdAnswers, permutations } from '@/test/billing-harness';

async function bought() {
  const purchase = await buy(billing, 'starter');
  const { completed, intent } = pay(billing, purchase);
  await billing.deliver(completed);
  return { ...purchase, intent };
}

it.each(['refund.failed', 'refund.updated', 'charge.updated'])('%s alone gives the credits back', async (type) => {
  const purchase = await bought();
  await spend(purchase.organizationId, 70n * CREDIT);
  const { id } = await billing.client.refunds.create({ payment_intent: purchase.intent });
  await billing.deliverAll(purchase.events('charge.refunded'), 1);
  expect(await stateOf(purchase)).toMatchObject({ status: 'refunded', bonus: 0n, owed: 60n * CREDIT });
  billing.fake.failRefund(id);
  const events = purchase.events(type);
  expect(await billing.deliverAll([...events, ...events], 2)).toEqual(events.concat(events).map(() => 200));
  const whole = { status: 'paid', refundedCents: 0, bonus: 40n * CREDIT, owed: 0n };
  expect(await stateOf(purchase)).toMatchObject(whole);
  const view = await viewPurchase(purchase.organizationId, purchase.purchaseId);
  expect(view).toMatchObject({ clawedMicro: 0n, owedMicro: 0n });
  // The refund is reported once more, late.
  const late = purchase.events('charge.refunded').map((event) => ({ ...event, id: `${event.id}_late` }));
  for (const event of late) await billing.deliver(event);
  expect(await stateOf(purchase)).toMatchObject(whole);
});

it('what is taken back is said in full after a part was taken and given back before', async () => {
  const purchase = await bought();
  const refund = async (amount?: number) => {
    const params = { payment_intent: purchase.intent, ...(amount === undefined ? {} : { amount }) };
    const { id } = await billing.client.refunds.create(params);
    await billing.deliverAll(purchase.events('charge.refunded'), 1);
    return id;
  };
  const figures = async () => {
    const { clawedMicro, owedMicro, refundedCents } = await viewPurchase(purchase.organizationId, purchase.purchaseId);
    return { clawedMicro, owedMicro, refundedCents };
  };
  const part = await refund(250);
  const share = (100n * CREDIT * 250n + 998n) / 999n;
  expect(await figures()).toEqual({ clawedMicro: share, owedMicro: 0n, refundedCents: 250 });
  billing.fake.failRefund(part);
  await billing.deliverAll(purchase.events('refund.failed'), 1);
  expect(await figures()).toEqual({ clawedMicro: 0n, owedMicro: 0n, refundedCents: 0 });
  // 10 monthly and 60 of the 100 bought: 60 of what is refunded now were used.
  await spend(purchase.organizationId, 70n * CREDIT);
  const whole = await refund();
  expect(await figures()).toEqual({ clawedMicro: 40n * CREDIT, owedMicro: 60n * CREDIT, refundedCents: 999 });
  billing.fake.failRefund(whole);
  await billing.deliverAll(purchase.events('refund.failed'), 2);
  expect(await figures()).toEqual({ clawedMicro: 0n, owedMicro: 0n, refundedCents: 0 });
  await refund();
  expect(await figures()).toEqual({ clawedMicro: 40n * CREDIT, owedMicro: 60n * CREDIT, refundedCents: 999 });
  expect(await stateOf(purchase)).toMatchObject({ bonus: 0n, owed: 60n * CREDIT });
});

it('a pending refund takes its credits at once, and they come back when it fails', async () => {
  const purchase = await bought();
  billing.fake.setRefundsPending(true);
  const { id, status } = await billing.client.refunds.create({ payment_intent: purchase.intent, amount: 333 });
  const other = await billing.client.refunds.create({ payment_intent: purchase.intent, amount: 200 });
  billing.fake.setRefundsPending(false);
  expect(status).toBe('pending');
  await billing.deliverAll(purchase.events('charge.refunded', 'refund.created'), 2);
  expect(await stateOf(purchase)).toMatchObject({ status: 'refunded', refundedCents: 533 });
  billing.fake.settleRefund(other.id);
  billing.fake.failRefund(id);
  await billing.deliverAll(purchase.events('refund.updated', 'refund.failed', 'charge.updated'), 2);
  expect(await stateOf(purchase)).toMatchObject({ status: 'refunded', refundedCents: 200, owed: 0n });
});

it('in every order of the events about two refunds of which one fails, the other one counts', async () => {
  const states = new Set<string>();
  for (const order of permutations([0, 1, 2, 3])) {
    const purchase = await bought();
    await billing.client.refunds.create({ payment_intent: purchase.intent, amount: 333 });
    const { id } = await billing.client.refunds.create({ payment_intent: purchase.intent, amount: 200 });
    // What happened before is known here already, in half of the orders.
    if ((order[0] ?? 0) % 2 === 0) await billing.deliverAll(purchase.events('charge.refunded'), 2);
    billing.fake.failRefund(id);
    const four = purchase.events('charge.refunded', 'charge.updated', 'refund.failed');
    expect(four).toHaveLength(4);
    const ordered = order.map((index) => four[index]).filter((event) => event !== undefined);
    expect(new Set(await billing.deliverAll([...ordered, ...ordered], 4))).toEqual(new Set([200]));
    const { status, refundedCents, bonus, owed } = await stateOf(purchase);
    states.add([status, refundedCents, bonus, owed].join(' '));
  }
  // 100 credits for 999 cents, less 333 of them, rounded up.
  expect([...states]).toEqual([`refunded 333 ${100n * CREDIT - (100n * CREDIT * 333n + 998n) / 999n} 0`]);
}, 120_000);

it('a reading from before the failure does not take the credits again', async () => {
  const purchase = await bought();
  const { id } = await billing.client.refunds.create({ payment_intent: purchase.intent });
  const proxy = await holdAnswers(billing.fake.url, '/v1/charges?');
  const [refunded] = purchase.events('charge.refunded');
  const slow = billing.deliver(refunded ?? '');
  await vi.waitFor(() => expect(proxy.waiting()).toBe(1));
  proxy.stopHolding();
  billing.fake.failRefund(id);
  await billing.deliverAll(purchase.events('refund.failed'), 1);
  proxy.release();
  expect((await slow).status).toBe(200);
  await proxy.close();
  expect(await stateOf(purchase)).toMatchObject({ status: 'paid', refundedCents: 0, bonus: 100n * CREDIT });
});

it('a refund of a plan’s invoice that fails gives the month’s share back as bonus', async () => {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  const before = await rowOf(account);
  const [invoice] = (await billing.client.invoices.list({ customer: account.customer })).data;
  const intent = billing.fake.paymentOfInvoice(invoice?.id ?? '');
  const { id } = await billing.client.refunds.create({ payment_intent: intent });
  await account.deliver();
  expect((await rowOf(account)).monthly).toBe(0n);
  billing.fake.failRefund(id);
  await account.deliver();
  await account.deliver();
  const after = await rowOf(account);
  expect(after.monthly + after.bonus).toBe(before.monthly + before.bonus);
});
