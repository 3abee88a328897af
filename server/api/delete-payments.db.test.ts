import { describe, expect, it, vi } from 'vitest';
import { changePlan } from '@/server/billing/plans/change-plan';
import { replayEvent } from '@/server/billing/webhook/replay-event';
import { createTeam } from '@/server/credits/ledger/create-team';
import { reserve } from '@/server/credits/ledger/ledger';
import { deleteAccount } from '@/server/organizations/delete-account';
import { DELETE_PHRASE } from '@/server/organizations/schema';
import { setClockOffset } from '@/server/platform/clock';
import { database, db, inTx } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { billing } from '@/test/billing';
import {
  buy,
  CREDIT,
  nextPeriod,
  pay,
  periodOf,
  rowOf,
  sessionIdOf,
  stateOf,
  subscribe,
} from '@/test/billing-accounts';
import { seedOrganization } from '@/test/test-db';
import { appRouter } from './root';
import { createCaller } from './trpc';

type Account = { userId: string; organizationId: string };

const api = ({ userId, organizationId }: Account) =>
  createCaller(appRouter)({
    requestId: 'test',
    caller: { userId, organizationId, email: 'x@example.test', role: 'owner' },
  });
const remove = (account: Account) => api(account).account.delete({ confirm: DELETE_PHRASE });
const isDeleted = async ({ userId }: Account) =>
  (await db().user.findUniqueOrThrow({ where: { id: userId } })).deletedAt !== null;
const pageStatus = async (id: string) => (await billing.client.checkout.sessions.retrieve(id)).status;

const update = (subscriptionId: string) => ({ method: 'POST', path: `/v1/subscriptions/${subscriptionId}` }) as const;

describe('deleting an account', () => {
  it('ends its subscription at Stripe first, and deletes nothing when Stripe does not answer', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    process.env.STRIPE_API_BASE = 'http://127.0.0.1:1';
    resetEnv();
    await expect(remove(account)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await isDeleted(account)).toBe(false);
    process.env.STRIPE_API_BASE = billing.fake.url;
    resetEnv();
    await remove(account);
    expect(await isDeleted(account)).toBe(true);
    const subscription = await billing.client.subscriptions.retrieve(account.subscriptionId);
    expect(subscription).toMatchObject({ status: 'active', cancel_at_period_end: true });
  }, 60_000);

  it('closes its payment pages, of packages and of plans', async () => {
    const topup = await buy(billing, 'starter');
    const { url } = await changePlan({ ...topup, planId: 'pro' });
    expect([await pageStatus(topup.sessionId), await pageStatus(sessionIdOf(url))]).toEqual(['open', 'open']);
    await remove(topup);
    expect([await pageStatus(topup.sessionId), await pageStatus(sessionIdOf(url))]).toEqual(['expired', 'expired']);
    // What Stripe tells about it later has no effect that matters, and no error.
    expect(await billing.deliverAll(topup.events('checkout.session.expired'), 1)).toEqual([200, 200]);
  });

  it('ends a subscription whose payment page was finished although no event of it has come yet', async () => {
    const account = await subscribe(billing, 'pro');
    await remove(account);
    const subscription = await billing.client.subscriptions.retrieve(account.subscriptionId);
    expect(subscription.cancel_at_period_end).toBe(true);
  });

  it('ends a subscription that is past due at once, so that the card is not tried again', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const { periodEnd } = await periodOf(billing, account.subscriptionId);
    nextPeriod(billing, account.subscriptionId, periodEnd, { paymentFails: true });
    await account.deliver();
    expect(await rowOf(account)).toMatchObject({ status: 'past_due' });
    await remove(account);
    setClockOffset(0);
    expect((await billing.client.subscriptions.retrieve(account.subscriptionId)).status).toBe('canceled');
    expect(await rowOf(account)).toMatchObject({ planId: 'free', status: 'canceled' });
  });

  it('is refused while a payment is on its way that was made but has not arrived', async () => {
    const topup = await buy(billing, 'power');
    billing.fake.completeCheckout(topup.sessionId, 'pay_later');
    // Stripe is asked: what the buyer did may not be known here yet.
    await expect(remove(topup)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('on its way'),
    });
    await billing.deliverAll(topup.events('checkout.session.completed'), 1);
    await expect(remove(topup)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await isDeleted(topup)).toBe(false);
    billing.fake.settleLater(topup.sessionId, 'fails');
    await billing.deliverAll(topup.events('checkout.session.async_payment_failed'), 1);
    await remove(topup);
    expect(await isDeleted(topup)).toBe(true);
  });

  it('grants nothing for money that comes nevertheless: it is kept for the operator to refund', async () => {
    const topup = await buy(billing, 'power');
    const { organizationId } = topup;
    billing.fake.completeCheckout(topup.sessionId, 'pay_later');
    await billing.deliverAll(topup.events('checkout.session.completed'), 1);
    await deleteAccount(topup.userId);
    billing.fake.settleLater(topup.sessionId, 'succeeds');
    const [paid] = topup.events('checkout.session.async_payment_succeeded');
    if (paid?.type !== 'checkout.session.async_payment_succeeded') throw new Error('no event');
    for (const outcome of ['ignored', 'duplicate'])
      expect(await billing.deliver(paid)).toMatchObject({ status: 200, body: { outcome } });
    expect(await replayEvent(paid.id)).toMatchObject({ outcome: 'ignored' });
    expect(await stateOf(topup)).toMatchObject({ paid: false, bonus: 0n, owed: 0n, grants: 0 });
    const intent = String(paid.data.object.payment_intent);
    const event = await db().stripeEvent.findUniqueOrThrow({ where: { id: paid.id } });
    expect(event.error).toContain('refund');
    expect(JSON.stringify(event.payload)).toContain(intent);
    await billing.client.refunds.create({ payment_intent: intent });
    await billing.deliverAll(topup.events('charge.refunded'), 1);
    expect(await stateOf(topup)).toMatchObject({ bonus: 0n, owed: 0n });
    expect(await db().purchase.findFirstOrThrow({ where: { organizationId } })).toMatchObject({
      paymentIntentId: intent,
      refundedCents: 12_999,
    });
  });

  const atOnce = 'A subscription was set to end with its paid period.';

  it.each([
    ['its invoices cannot be read', (id: string) => ({ path: '/v1/invoices', after: update(id) }), atOnce],
    ['what it ended cannot be read back', (id: string) => ({ path: '/v1/subscriptions', after: update(id) }), atOnce],
    ['its subscriptions cannot be read', () => ({ path: '/v1/subscriptions' }), null],
  ])('that stops because %s says what was changed at Stripe, and never that nothing was', async (_, fault, steps) => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    billing.fake.failNext({ method: 'GET', kind: 403, ...fault(account.subscriptionId) });
    const failed = remove(account);
    await expect(failed).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringMatching(/^The deletion did not finish\./),
    });
    await expect(failed).rejects.not.toThrow(/nothing was/i);
    if (steps === null) await expect(failed).rejects.not.toThrow(/done already/);
    else await expect(failed).rejects.toThrow(`At the payment service this was done already: ${steps}`);
    const { cancel_at_period_end } = await billing.client.subscriptions.retrieve(account.subscriptionId);
    expect(cancel_at_period_end).toBe(steps !== null);
    expect(await isDeleted(account)).toBe(false);
    await remove(account);
    expect(await isDeleted(account)).toBe(true);
  });

  it('that our own database stops says what was changed at Stripe as well', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const topup = await buy(billing, 'starter', account);
    await db().$executeRawUnsafe(`
      CREATE FUNCTION fail_user() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left'; END $$`);
    await db().$executeRawUnsafe(`
      CREATE TRIGGER fail_user BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION fail_user()`);
    await expect(remove(account)).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      message:
        'The deletion did not finish. Something went wrong on our side. At the payment service this was done already: ' +
        'A payment page was closed and a subscription was set to end with its paid period. Delete again, and it goes on from here.',
    });
    expect(await pageStatus(topup.sessionId)).toBe('expired');
    await db().$executeRawUnsafe('DROP TRIGGER fail_user ON "User"');
    await remove(account);
    expect(await isDeleted(account)).toBe(true);
  });

  it('goes on although the customer does not exist at Stripe any more', async () => {
    const account = await seedOrganization(database());
    await db().organizationPlan.update({
      where: { organizationId: account.organizationId },
      data: { stripeCustomerId: 'cus_deletedAtStripe' },
    });
    await remove(account);
    expect(await isDeleted(account)).toBe(true);
  });

  it('holds for a team that is closed', async () => {
    const owner = await seedOrganization(database());
    const { organizationId } = await createTeam({ userId: owner.userId, name: 'Plumbers' });
    const topup = await buy(billing, 'starter', { ...owner, organizationId });
    await api(topup).organizations.close({ confirm: 'Plumbers' });
    expect(await pageStatus(topup.sessionId)).toBe('expired');
  });
});

describe('what Stripe’s events say of a person who is gone', () => {
  const NAMES = ['Ada Zwiebel', 'ada@zwiebel.test', '+49 30 1', 'Zwiebelgasse'];

  /** Rows of events in which any of these occurs. */
  async function eventsWith(texts: string[]): Promise<string[]> {
    const events = await db().stripeEvent.findMany({ orderBy: { type: 'asc' } });
    const rows = events.map((event) => [event.type, JSON.stringify(event.payload)] as const);
    return rows.filter(([, text]) => texts.some((part) => text.includes(part))).map(([type]) => type);
  }

  it('is nothing: before the deletion, after it, and where a handler failed', async () => {
    const topup = await buy(billing, 'starter');
    const { stripeCustomerId } = await db().organizationPlan.findUniqueOrThrow({
      where: { organizationId: topup.organizationId },
    });
    const customer = stripeCustomerId ?? '';
    const [name = '', email = '', phone = ''] = NAMES;
    await billing.client.customers.update(customer, { name, email, phone });
    const { completed, intent } = pay(billing, topup);
    const about = () =>
      billing.fake
        .events()
        .filter(
          ({ data: { object } }) =>
            JSON.stringify(object).includes(customer) || NAMES.some((text) => JSON.stringify(object).includes(text)),
        );
    const before = about();
    expect(before.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['customer.updated', 'checkout.session.completed', 'charge.succeeded']),
    );
    // One that cannot be handled at first, and one that an older version stored whole.
    const broken = { ...completed, id: 'evt_broken', data: { object: { ...completed.data.object, mode: 5 } } };
    expect((await billing.deliver(JSON.parse(JSON.stringify(broken)))).status).toBe(500);
    await billing.deliverAll(before, 2);
    const old = { name, email, address: { line1: 'Zwiebelgasse' } };
    for (const [id, object] of Object.entries({
      evt_old_customer: { object: 'customer', id: customer, ...old },
      evt_old_dispute: {
        object: 'dispute',
        id: 'du_old',
        amount: 7,
        status: 'lost',
        payment_intent: intent,
        evidence: old,
      },
    })) {
      const payload = { id, type: `old.${object.object}`, created: 1, data: { object } };
      await db().stripeEvent.create({ data: { id, type: payload.type, payload, outcome: 'failed' } });
    }
    expect(await eventsWith(NAMES)).toEqual(['old.customer', 'old.dispute']);
    expect(await eventsWith([customer])).not.toEqual([]);

    await remove(topup);

    expect(await eventsWith([...NAMES, customer])).toEqual([]);
    const dispute = await db().stripeEvent.findUniqueOrThrow({ where: { id: 'evt_old_dispute' } });
    expect(dispute.payload).toEqual({
      deleted: true,
      data: { object: { object: 'dispute', id: 'du_old', amount: 7, status: 'lost', payment_intent: intent } },
    });
    await billing.client.customers.update(customer, { description: 'of a person who is gone' });
    await billing.client.refunds.create({ payment_intent: intent });
    const later = about().slice(before.length);
    expect(later.length).toBeGreaterThan(1);
    expect(JSON.stringify(later)).toContain(name);
    await billing.deliverAll(later, 2);
    expect(await eventsWith(NAMES)).toEqual([]);
    // The books go on: the refund of the deleted organization's purchase is in its ledger.
    const { organizationId } = topup;
    expect(await db().creditBalance.findUniqueOrThrow({ where: { organizationId } })).toMatchObject({ bonus: 0n });
    // An event of which the figures are left is fetched once more to be replayed.
    expect(await replayEvent(completed.id)).toMatchObject({ outcome: 'done' });
    expect(await eventsWith(NAMES)).toEqual([]);
  });
});

describe('deleting while a call begins', () => {
  const native = Boolean(process.env.TEST_DATABASE_URL);

  it.runIf(native)('neither waits for the other (needs TEST_DATABASE_URL: two connections)', async () => {
    const account = await seedOrganization(database(), { monthlyMicro: 10n * CREDIT });
    const { organizationId } = account;
    await db().rateCounter.create({ data: { organizationId, capability: 'ask', window: 'day:1' } });
    let deletion: Promise<unknown> = Promise.resolve();
    await inTx(async (tx) => {
      // As a request does: its counter first, then the balance, here with the deletion in between.
      await tx.rateCounter.updateMany({ where: { organizationId }, data: { count: { increment: 1 } } });
      deletion = deleteAccount(account.userId);
      deletion.catch(() => undefined);
      await vi.waitFor(
        async () => {
          const waiting = await db().$queryRaw<unknown[]>`
            SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          expect(waiting).not.toEqual([]);
        },
        { timeout: 10_000 },
      );
      await reserve(tx, { organizationId, amount: CREDIT, idempotencyKey: newId(), ttlMs: 60_000 });
    });
    await deletion;
    expect(await db().rateCounter.count({ where: { organizationId } })).toBe(0);
  });
});
