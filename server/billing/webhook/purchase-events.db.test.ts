import { describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { db } from '@/server/platform/db';
import { billing } from '@/test/billing';
import { buy, CREDIT, pay, stateOf } from '@/test/billing-accounts';
import { everyNth, permutations } from '@/test/billing-harness';
import { suiteSize } from '@/test/suite-size';
import { replayEvent } from './replay-event';

describe('events about a purchase', () => {
  it('end in one state in all orders, each twice, eight at a time', async () => {
    const states = new Set<string>();
    const orders = everyNth(permutations([0, 1, 2, 3, 4]), suiteSize(24, 120));
    for (const [round, order] of orders.entries()) {
      const purchase = await buy(billing);
      billing.fake.completeCheckout(purchase.sessionId, 'pay_later');
      billing.fake.settleLater(purchase.sessionId, 'succeeds');
      const [paid] = purchase.events('checkout.session.async_payment_succeeded');
      if (paid?.type !== 'checkout.session.async_payment_succeeded') throw new Error('not paid');
      const intent = String(paid.data.object.payment_intent);
      await billing.client.refunds.create({ payment_intent: intent, amount: 1000 });
      await billing.client.refunds.create({ payment_intent: intent, amount: 777 });
      billing.fake.dispute(intent, { amount: 1500 });
      const five = purchase.events(
        'checkout.session.completed',
        'checkout.session.async_payment_succeeded',
        'charge.refunded',
        'charge.dispute.created',
      );
      expect(five).toHaveLength(5);
      const once = order.map((index) => five[index]).filter((event) => event !== undefined);
      const again = [...once.slice(round % 5), ...once.slice(0, round % 5)];
      expect(await billing.deliverAll([...once, ...again], 8)).toEqual(Array.from({ length: 10 }, () => 200));
      states.add(
        JSON.stringify(await stateOf(purchase), (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
      );
    }
    // 32.77 of 39.99 USD went back: that share of 500 credits, rounded up, is taken.
    expect([...states].map((state) => JSON.parse(state))).toEqual([
      {
        status: 'disputed',
        paid: true,
        refundedCents: 1777,
        disputedCents: 1500,
        clawedMicro: '409727432',
        owedMicro: '0',
        monthly: '10000000',
        bonus: '90272568',
        owed: '0',
        grants: 1,
      },
    ]);
    expect(await auditLedger(db())).toEqual([]);
  }, 600_000);

  it('have their effect once when one is sent eight times at the same moment', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed } = pay(billing, purchase);
    const answers = await Promise.all(Array.from({ length: 8 }, () => billing.deliver(completed)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(answers.filter(({ body }) => body.outcome === 'done')).toHaveLength(1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 100n * CREDIT, grants: 1 });
    const event = await db().stripeEvent.findUniqueOrThrow({ where: { id: completed.id } });
    expect(event).toMatchObject({ outcome: 'done', attempts: 1, error: null });
  });

  it('leave a purchase pending whose payment is on its way, and failed when it fails', async () => {
    const purchase = await buy(billing, 'starter');
    billing.fake.completeCheckout(purchase.sessionId, 'pay_later');
    await billing.deliverAll(purchase.events('checkout.session.completed'), 1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'pending', grants: 0 });
    billing.fake.settleLater(purchase.sessionId, 'fails');
    await billing.deliverAll(purchase.events('checkout.session.async_payment_failed'), 1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'failed', paid: false, bonus: 0n, grants: 0 });
  });

  it('show an expired checkout as expired', async () => {
    const purchase = await buy(billing, 'starter');
    await billing.client.checkout.sessions.expire(purchase.sessionId);
    expect(await billing.deliverAll(purchase.events('checkout.session.expired'), 1)).toEqual([200]);
    expect(await stateOf(purchase)).toMatchObject({ status: 'expired', grants: 0 });
  });

  it('are refused with a wrong secret, an old timestamp or a changed body, and nothing is written', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed } = pay(billing, purchase);
    const seconds = Math.floor(Date.now() / 1000);
    const forged = [
      await billing.deliver(completed, { secret: 'whsec_another' }),
      await billing.deliver(completed, { at: seconds - 310 }),
      await billing.deliver(completed, { mutateBody: (body) => body.replace('"paid"', '"paid" ') }),
    ];
    expect(forged.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(await db().stripeEvent.count({ where: { id: completed.id } })).toBe(0);
    expect(await stateOf(purchase)).toMatchObject({ status: 'pending', bonus: 0n, grants: 0 });
    expect((await billing.deliver(completed, { at: seconds - 280 })).status).toBe(200);
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', grants: 1 });
  });

  it('are answered with 500 when handling fails, leave nothing half done, and are handled when they come again', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed } = pay(billing, purchase);
    // The last write of the transaction fails, as it would with the disk full.
    await db().$executeRawUnsafe(`
      CREATE FUNCTION fail_purchase() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left'; END $$`);
    await db().$executeRawUnsafe(`
      CREATE TRIGGER fail_purchase BEFORE UPDATE ON "Purchase" FOR EACH ROW EXECUTE FUNCTION fail_purchase()`);
    expect((await billing.deliver(completed)).status).toBe(500);
    expect(await stateOf(purchase)).toMatchObject({ status: 'pending', paid: false, bonus: 0n, grants: 0 });
    expect(await db().paymentFact.count({ where: { purchaseId: purchase.purchaseId } })).toBe(0);
    const failed = await db().stripeEvent.findUniqueOrThrow({ where: { id: completed.id } });
    expect(failed).toMatchObject({ outcome: 'failed', attempts: 1, processedAt: null });
    expect(failed.error).toContain('no space left');
    await db().$executeRawUnsafe('DROP TRIGGER fail_purchase ON "Purchase"');
    expect((await billing.deliver(completed)).status).toBe(200);
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 100n * CREDIT, grants: 1 });
    const done = await db().stripeEvent.findUniqueOrThrow({ where: { id: completed.id } });
    expect(done).toMatchObject({ outcome: 'done', attempts: 2, error: null });
  });

  it('are kept and acknowledged when their type or their purchase is not known here', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed } = pay(billing, purchase);
    const [other] = purchase.events('payment_intent.succeeded');
    if (other === undefined) throw new Error('no event of another type');
    expect(await billing.deliver(other)).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect(await db().stripeEvent.findUniqueOrThrow({ where: { id: other.id } })).toMatchObject({
      type: 'payment_intent.succeeded',
      outcome: 'ignored',
    });
    const object = {
      ...completed.data.object,
      metadata: { purchaseId: 'of-another-instance' },
      payment_intent: 'pi_x',
    };
    const foreign = { ...completed, id: 'evt_foreign', data: { object } };
    expect(await billing.deliver(foreign)).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
  });

  it('pay for one purchase with one payment', async () => {
    const first = await buy(billing, 'starter');
    const { completed, intent } = pay(billing, first);
    await billing.deliver(completed);
    const second = await buy(billing, 'starter', first);
    const object = { ...completed.data.object, metadata: { purchaseId: second.purchaseId }, payment_intent: intent };
    const reused = await billing.deliver({ ...completed, id: 'evt_reused', data: { object } });
    expect(reused).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect(await stateOf(second)).toMatchObject({ status: 'pending', bonus: 100n * CREDIT, grants: 1 });
  });

  it('bring no credits from another page, in another currency or of a smaller amount', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed } = pay(billing, purchase);
    const stranger = await buy(billing, 'starter');
    const forgeries: [string, object][] = [
      ['paid in jpy, not in usd', { currency: 'jpy' }],
      ['998 cents for a purchase of 999', { amount_total: 998 }],
      ['another payment page than the one of the purchase', { id: stranger.sessionId }],
    ];
    for (const [index, [reason, change]] of forgeries.entries()) {
      const id = `evt_forged_${index}`;
      const answer = await billing.deliver({
        ...completed,
        id,
        data: { object: { ...completed.data.object, ...change } },
      });
      expect(answer).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
      expect(await db().stripeEvent.findUniqueOrThrow({ where: { id } })).toMatchObject({ error: reason });
    }
    expect(await stateOf(purchase)).toMatchObject({ status: 'pending', paid: false, grants: 0 });
    await billing.deliver(completed);
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', grants: 1 });
  });

  it('of Stripe’s live mode have no effect where the key is a test key, nor on a local test purchase', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed } = pay(billing, purchase);
    const live = await billing.deliver({ ...completed, id: 'evt_live', livemode: true });
    expect(live).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    await db().purchase.update({ where: { id: purchase.purchaseId }, data: { mock: true } });
    const local = await billing.deliver({ ...completed, id: 'evt_local' });
    expect(local).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect(await stateOf(purchase)).toMatchObject({ status: 'pending', grants: 0 });
  });

  it('about another payment do not touch a purchase that is paid', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed, intent } = pay(billing, purchase);
    await billing.deliver(completed);
    const [charge] = purchase.events('charge.succeeded');
    if (charge?.type !== 'charge.succeeded') throw new Error('no charge');
    const object = { ...charge.data.object, payment_intent: 'pi_other', amount_refunded: 999 };
    const other = await billing.deliver({ ...charge, id: 'evt_other', type: 'charge.refunded', data: { object } });
    expect(other).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 100n * CREDIT });
    const { paymentIntentId } = await db().purchase.findUniqueOrThrow({ where: { id: purchase.purchaseId } });
    expect(paymentIntentId).toBe(intent);
  });

  it('can be replayed without a second effect, and fetched when they never came', async () => {
    const purchase = await buy(billing, 'starter');
    const { completed } = pay(billing, purchase);
    expect(await replayEvent(completed.id)).toMatchObject({ outcome: 'done', stored: false });
    expect(await replayEvent(completed.id)).toMatchObject({ outcome: 'done', stored: true });
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 100n * CREDIT, grants: 1 });
  });
});
