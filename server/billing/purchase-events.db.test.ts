import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Billing, permutations, startBilling } from '@/e2e/billing-harness';
import { auditLedger } from '@/server/credits/audit';
import { reserve, settle } from '@/server/credits/ledger';
import { type Database, db } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { replayEvent } from './replay-event';
import { startTopup } from './start-topup';

const CREDIT = 1_000_000n;

let database: Database;
let billing: Billing;

beforeAll(async () => {
  database = await testDb();
  billing = await startBilling();
});
afterAll(async () => {
  expect(await auditLedger(db())).toEqual([]);
  await billing.stop();
  await closeTestDb();
});

async function buy(packageId = 'popular', account?: { userId: string; organizationId: string }) {
  const buyer = account ?? (await seedOrganization(database, { monthlyMicro: 10n * CREDIT }));
  const { purchaseId } = await startTopup({ ...buyer, packageId });
  const row = await db().purchase.findUniqueOrThrow({ where: { id: purchaseId } });
  const sessionId = row.stripeSessionId ?? '';
  const seen = new Set(billing.fake.events().map(({ id }) => id));
  /** What Stripe reported about this purchase. */
  const events = (...types: string[]): Stripe.Event[] =>
    billing.fake.events().filter(({ id, type }) => !seen.has(id) && types.includes(type));
  return { ...buyer, purchaseId, sessionId, events };
}

/** Pays on the page. @returns the event about it and the payment intent. */
function pay(purchase: Awaited<ReturnType<typeof buy>>) {
  billing.fake.completeCheckout(purchase.sessionId, 'pay');
  const [completed] = purchase.events('checkout.session.completed');
  if (completed?.type !== 'checkout.session.completed') throw new Error('no event');
  return { completed, intent: String(completed.data.object.payment_intent) };
}

async function stateOf({ purchaseId, organizationId }: { purchaseId: string; organizationId: string }) {
  const { status, refundedCents, disputedCents, clawedMicro, owedMicro, paidAt } =
    await db().purchase.findUniqueOrThrow({ where: { id: purchaseId } });
  const { monthly, bonus, owed } = await db().creditBalance.findUniqueOrThrow({ where: { organizationId } });
  const grants = await db().creditEntry.count({ where: { organizationId, kind: 'topup_purchase' } });
  const facts = { status, paid: paidAt !== null, refundedCents, disputedCents, clawedMicro, owedMicro };
  return { ...facts, monthly, bonus, owed, grants };
}

/** Uses up credits, monthly first. */
async function spend(organizationId: string, amount: bigint) {
  const { holdId } = await reserve(db(), { organizationId, amount, idempotencyKey: newId(), ttlMs: 60_000 });
  await settle(db(), { organizationId, holdId, actual: amount });
}

describe('events about a purchase', () => {
  it('end in one state in all 120 orders, each twice, eight at a time', async () => {
    const states = new Set<string>();
    const orders = permutations([0, 1, 2, 3, 4]);
    for (const [round, order] of orders.entries()) {
      const purchase = await buy();
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
    expect(orders).toHaveLength(120);
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
  }, 240_000);

  it('have their effect once when one is sent eight times at the same moment', async () => {
    const purchase = await buy('starter');
    const { completed } = pay(purchase);
    const answers = await Promise.all(Array.from({ length: 8 }, () => billing.deliver(completed)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(answers.filter(({ body }) => body.outcome === 'done')).toHaveLength(1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 100n * CREDIT, grants: 1 });
    const event = await db().stripeEvent.findUniqueOrThrow({ where: { id: completed.id } });
    expect(event).toMatchObject({ outcome: 'done', attempts: 1, error: null });
  });

  it('leave a purchase pending whose payment is on its way, and failed when it fails', async () => {
    const purchase = await buy('starter');
    billing.fake.completeCheckout(purchase.sessionId, 'pay_later');
    await billing.deliverAll(purchase.events('checkout.session.completed'), 1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'pending', grants: 0 });
    billing.fake.settleLater(purchase.sessionId, 'fails');
    await billing.deliverAll(purchase.events('checkout.session.async_payment_failed'), 1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'failed', paid: false, bonus: 0n, grants: 0 });
  });

  it('show an expired checkout as expired', async () => {
    const purchase = await buy('starter');
    await billing.client.checkout.sessions.expire(purchase.sessionId);
    expect(await billing.deliverAll(purchase.events('checkout.session.expired'), 1)).toEqual([200]);
    expect(await stateOf(purchase)).toMatchObject({ status: 'expired', grants: 0 });
  });

  it('are refused with a wrong secret, an old timestamp or a changed body, and nothing is written', async () => {
    const purchase = await buy('starter');
    const { completed } = pay(purchase);
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
    const purchase = await buy('starter');
    const { completed } = pay(purchase);
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
    const purchase = await buy('starter');
    const { completed } = pay(purchase);
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
    const first = await buy('starter');
    const { completed, intent } = pay(first);
    await billing.deliver(completed);
    const second = await buy('starter', first);
    const object = { ...completed.data.object, metadata: { purchaseId: second.purchaseId }, payment_intent: intent };
    const reused = await billing.deliver({ ...completed, id: 'evt_reused', data: { object } });
    expect(reused).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect(await stateOf(second)).toMatchObject({ status: 'pending', bonus: 100n * CREDIT, grants: 1 });
  });

  it('can be replayed without a second effect, and fetched when they never came', async () => {
    const purchase = await buy('starter');
    const { completed } = pay(purchase);
    expect(await replayEvent(completed.id)).toMatchObject({ outcome: 'done', stored: false });
    expect(await replayEvent(completed.id)).toMatchObject({ outcome: 'done', stored: true });
    expect(await stateOf(purchase)).toMatchObject({ status: 'paid', bonus: 100n * CREDIT, grants: 1 });
  });
});

describe('a purchase that is paid back', () => {
  it('takes back what is left and marks the rest as owed, which the next purchase repays', async () => {
    const purchase = await buy('starter');
    const { completed, intent } = pay(purchase);
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
    const next = await buy('starter', purchase);
    await billing.deliver(pay(next).completed);
    expect(await stateOf(next)).toMatchObject({ status: 'paid', bonus: 40n * CREDIT, owed: 0n, grants: 2 });
  });

  it('takes the share of a partial refund, rounded up, each time only what is new', async () => {
    const purchase = await buy('starter');
    const { completed, intent } = pay(purchase);
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
    const purchase = await buy('starter');
    const { completed, intent } = pay(purchase);
    await billing.deliver(completed);
    billing.fake.dispute(intent);
    await billing.deliverAll(purchase.events('charge.dispute.created'), 1);
    expect(await stateOf(purchase)).toMatchObject({ status: 'disputed', clawedMicro: 100n * CREDIT, bonus: 0n });
  });
});

describe('starting a purchase', () => {
  it('opens one payment page although the answer was lost on the way', async () => {
    billing.fake.failNext({ method: 'POST', path: '/v1/checkout/sessions', kind: 'drop' });
    const purchase = await buy('starter');
    const sessions = billing.fake
      .requests()
      .filter(({ idempotencyKey }) => idempotencyKey === `purchase:${purchase.purchaseId}`);
    expect(sessions.map(({ replayed }) => replayed)).toEqual([false, true]);
    const page = await billing.client.checkout.sessions.retrieve(purchase.sessionId);
    expect(page).toMatchObject({
      client_reference_id: purchase.organizationId,
      amount_total: 999,
      metadata: { purchaseId: purchase.purchaseId, packageId: 'starter' },
    });
  });

  it('makes one customer for an organization that starts several at once', async () => {
    const account = await seedOrganization(database);
    const [one, other] = await Promise.all([buy('starter', account), buy('power', account)]);
    const pages = await Promise.all(
      [one, other].map(({ sessionId }) => billing.client.checkout.sessions.retrieve(sessionId)),
    );
    expect(pages[0]?.customer).toBe(pages[1]?.customer);
    const row = await db().organizationPlan.findUniqueOrThrow({ where: { organizationId: account.organizationId } });
    expect(row.stripeCustomerId).toBe(pages[0]?.customer);
  });

  it('leaves no purchase behind that looks payable when the payment service is down', async () => {
    const account = await seedOrganization(database);
    await startTopup({ ...account, packageId: 'starter' });
    for (let i = 0; i < 3; i++) billing.fake.failNext({ method: 'POST', path: '/v1/checkout/sessions', kind: 503 });
    await expect(startTopup({ ...account, packageId: 'starter' })).rejects.toMatchObject({
      code: 'payments_unavailable',
    });
    const rows = await db().purchase.findMany({ where: { organizationId: account.organizationId } });
    expect(rows.map(({ status }) => status).sort()).toEqual(['expired', 'pending']);
  });

  it('knows only packages on sale', async () => {
    const account = await seedOrganization(database);
    await expect(startTopup({ ...account, packageId: 'gold' })).rejects.toMatchObject({ code: 'not_found' });
  });
});
