import { describe, expect, it } from 'vitest';
import { viewPurchase } from '@/server/billing/checkout/list-purchases';
import { billing } from '@/test/billing';
import { buy, CREDIT, pay, spend, stateOf } from '@/test/billing-accounts';
import { permutations } from '@/test/billing-harness';

const DISPUTE = [
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
  'charge.dispute.closed',
];

/** A package that was paid for and 60 of its 100 credits used, with the month's 10. */
async function bought() {
  const purchase = await buy(billing, 'starter');
  const { completed, intent } = pay(billing, purchase);
  await billing.deliver(completed);
  await spend(purchase.organizationId, 70n * CREDIT);
  const told = new Set<string>();
  /** Delivers what is new about disputes and refunds, each event twice. */
  const tell = async () => {
    const fresh = purchase.events(...DISPUTE, 'charge.refunded').filter(({ id }) => !told.has(id));
    for (const { id } of fresh) told.add(id);
    expect(new Set(await billing.deliverAll([...fresh, ...fresh], 4))).toEqual(new Set([200]));
  };
  return { ...purchase, completed, intent, tell };
}

describe('a dispute that is won', () => {
  it('gives back what was taken, and what had been spent is owed no more', async () => {
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent);
    await purchase.tell();
    const taken = { status: 'disputed', bonus: 0n, owed: 60n * CREDIT };
    expect(await stateOf(purchase)).toMatchObject(taken);
    billing.fake.closeDispute(id, 'won');
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 40n * CREDIT, owed: 0n });
    const view = await viewPurchase(purchase.organizationId, purchase.purchaseId);
    expect(view).toMatchObject({ status: 'paid', disputedCents: 0, clawedMicro: 0n, owedMicro: 0n });
  });

  it('gives all of it back when the debt was settled by another purchase meanwhile', async () => {
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent);
    await purchase.tell();
    const view = () => viewPurchase(purchase.organizationId, purchase.purchaseId);
    expect(await view()).toMatchObject({ owedMicro: 60n * CREDIT, owedNowMicro: 60n * CREDIT });
    await billing.deliver(pay(billing, await buy(billing, 'starter', purchase)).completed);
    expect(await stateOf(purchase)).toMatchObject({ bonus: 40n * CREDIT, owed: 0n });
    expect(await view()).toMatchObject({ owedMicro: 60n * CREDIT, owedNowMicro: 0n });
    billing.fake.closeDispute(id, 'won');
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 140n * CREDIT, owed: 0n });
  });

  it('ends in one state in all 120 orders of its events and the payment’s, each twice, eight at a time', async () => {
    const states = new Set<string>();
    const orders = permutations([0, 1, 2, 3, 4]);
    for (const order of orders) {
      const purchase = await buy(billing, 'starter');
      const { intent } = pay(billing, purchase);
      billing.fake.closeDispute(billing.fake.dispute(intent).id, 'won');
      const five = purchase.events('checkout.session.completed', ...DISPUTE);
      expect(five).toHaveLength(5);
      const ordered = order.map((index) => five[index]).filter((event) => event !== undefined);
      expect(new Set(await billing.deliverAll([...ordered, ...ordered], 8))).toEqual(new Set([200]));
      const { status, bonus, owed, disputedCents } = await stateOf(purchase);
      states.add([status, bonus, owed, disputedCents].join(' '));
    }
    expect(orders).toHaveLength(120);
    expect([...states]).toEqual([`paid ${100n * CREDIT} 0 0`]);
  }, 600_000);

  it('may be followed by a refund, which takes its share again, once', async () => {
    const purchase = await bought();
    billing.fake.closeDispute(billing.fake.dispute(purchase.intent).id, 'won');
    await purchase.tell();
    await billing.client.refunds.create({ payment_intent: purchase.intent, amount: 333 });
    await purchase.tell();
    // A third of 100 credits, of the 40 that were left.
    expect(await stateOf(purchase)).toMatchObject({ status: 'refunded', bonus: 6_666_666n, owed: 0n });
  });

  it('and told only after everything was taken, may be followed by the refund of everything', async () => {
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent);
    await purchase.tell();
    billing.fake.closeDispute(id, 'won');
    await purchase.tell();
    await billing.client.refunds.create({ payment_intent: purchase.intent, amount: 333 });
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'refunded', bonus: 6_666_666n, owed: 0n });
    await billing.client.refunds.create({ payment_intent: purchase.intent });
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'refunded', bonus: 0n, owed: 60n * CREDIT });
  });
});

describe('a dispute', () => {
  it('that is lost leaves everything taken', async () => {
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent);
    billing.fake.closeDispute(id, 'lost');
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'disputed', bonus: 0n, owed: 60n * CREDIT });
  });

  it('takes nothing while the bank only asks, and takes it when the bank insists', async () => {
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent, { inquiry: true });
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 40n * CREDIT, owed: 0n });
    billing.fake.escalateDispute(id);
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'disputed', bonus: 0n, owed: 60n * CREDIT });
  });
});
