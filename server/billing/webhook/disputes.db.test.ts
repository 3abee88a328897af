import { describe, expect, it, vi } from 'vitest';
import { viewPurchase } from '@/server/billing/checkout/list-purchases';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { billing } from '@/test/billing';
import { buy, CREDIT, pay, spend, stateOf } from '@/test/billing-accounts';
import { everyNth, permutations } from '@/test/billing-harness';
import { suiteSize } from '@/test/suite-size';

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

  it('gives all of it back when another purchase settled the debt in between', async () => {
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

  it('ends in one state in all orders of its events and the payment’s, each twice, eight at a time', async () => {
    const states = new Set<string>();
    const orders = everyNth(permutations([0, 1, 2, 3, 4]), suiteSize(24, 120));
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

  it.each([
    ['prevented', { prevented: 'free' }, 'paid', 40n, 0n],
    ['prevented, with the money withdrawn', { prevented: 'withdrawn' }, 'disputed', 0n, 60n],
  ] as const)('that was %s takes what was withdrawn and nothing else', async (_, options, status, bonus, owed) => {
    const purchase = await bought();
    billing.fake.dispute(purchase.intent, options);
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status, bonus: bonus * CREDIT, owed: owed * CREDIT });
  });

  it('that is appealed follows the money through every step', async () => {
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent);
    const taken = { status: 'disputed', bonus: 0n, owed: 60n * CREDIT };
    const back = { status: 'paid', bonus: 40n * CREDIT, owed: 0n };
    const steps = [
      ['won', 'reinstated', back],
      ['appeal_needs_response', 'withdrawn', taken],
      ['appeal_under_review', undefined, taken],
      ['won', 'reinstated', back],
    ] as const;
    for (const [status, money, state] of steps) {
      billing.fake.changeDispute(id, status, money);
      await purchase.tell();
      expect(await stateOf(purchase)).toMatchObject(state);
      const { clawedMicro, owedMicro } = await viewPurchase(purchase.organizationId, purchase.purchaseId);
      expect(clawedMicro + owedMicro).toBe(state === taken ? 100n * CREDIT : 0n);
    }
  });

  it('with a status that is not known here neither loses nor gives money, and is logged', async () => {
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent);
    billing.fake.changeDispute(id, 'settled_by_ombudsman');
    const logged = vi.spyOn(logger(), 'error');
    await purchase.tell();
    expect(logged.mock.calls.map(([, message]) => message)).toContainEqual(
      expect.stringContaining('unknown status settled_by_ombudsman'),
    );
    expect(await stateOf(purchase)).toMatchObject({ status: 'disputed', bonus: 0n, owed: 60n * CREDIT });
    billing.fake.changeDispute(id, 'settled_by_ombudsman', 'reinstated');
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 40n * CREDIT, owed: 0n });
    logged.mockRestore();
  });

  it('of an account whose balance is in another currency takes the share of the price', async () => {
    billing.fake.setSettlement({ currency: 'eur', rate: 0.8637 });
    const purchase = await bought();
    const { id } = billing.fake.dispute(purchase.intent, { amount: 500 });
    await purchase.tell();
    expect(await stateOf(purchase)).toMatchObject({ status: 'disputed', disputedCents: 500 });
    billing.fake.closeDispute(id, 'won');
    await purchase.tell();
    billing.fake.setSettlement(null);
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', disputedCents: 0, bonus: 40n * CREDIT });
  });

  it('is stored without how the payer paid', async () => {
    const purchase = await bought();
    billing.fake.dispute(purchase.intent);
    await purchase.tell();
    const [created] = purchase.events('charge.dispute.created');
    expect(JSON.stringify(created)).toContain('payment_method_details');
    const { payload } = await db().stripeEvent.findUniqueOrThrow({ where: { id: created?.id ?? '' } });
    expect(JSON.stringify(payload)).not.toContain('payment_method_details');
  });

  it('of a payment that this Stripe account does not have is stored as ignored, with the reason', async () => {
    const purchase = await bought();
    billing.fake.dispute(purchase.intent);
    const [created] = purchase.events('charge.dispute.created');
    if (created?.type !== 'charge.dispute.created') throw new Error('no event');
    const object = { ...created.data.object, payment_intent: 'pi_elsewhere' };
    const answer = await billing.deliver({ ...created, id: 'evt_elsewhere', data: { object } });
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect(await db().stripeEvent.findUniqueOrThrow({ where: { id: 'evt_elsewhere' } })).toMatchObject({
      error: 'a payment that this Stripe account does not have',
    });
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 40n * CREDIT });
  });
});
