import { afterAll, beforeAll, expect, it } from 'vitest';
import { endPayments } from '@/server/billing/closing/end-payments';
import { changePlan } from '@/server/billing/plans/change-plan';
import { db } from '@/server/platform/db';
import { rowOf, subscribe } from '@/test/billing-accounts';
import { type Billing, startBilling } from '@/test/billing-harness';
import { closeTestDb, testDb } from '@/test/test-db';

let billing: Billing;

beforeAll(async () => {
  await testDb();
  billing = await startBilling();
});
afterAll(async () => {
  await billing.stop();
  await closeTestDb();
});

/** Of a customer that is not named: it has no effect, and is stored as it is. */
const base = { object: 'event', type: 'customer.subscription.updated', created: 1, livemode: false };

it.each([
  ['a zero in a text', { ...base, id: 'evt_zero', data: { object: { note: 'a\0b', 'k\0': [1] } } }],
  ['half of a character', { ...base, id: 'evt_half', data: { object: { note: 'a\ud800b' } } }],
  ['no data and another form of time', { id: 'evt_thin', type: 'v1.thing', created: '2026-11-21T00:00:00Z' }],
  ['the name of a known type only', { id: 'evt_bare', type: 'charge.refunded' }],
  ['a time that is none', { ...base, id: 'evt_late', created: 9e15, data: { object: {} } }],
])('a signed event with %s is stored, acknowledged and has no effect', async (_, event) => {
  expect(await billing.deliver(event)).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
  const row = await db().stripeEvent.findUniqueOrThrow({ where: { id: event.id } });
  expect(row).toMatchObject({ type: event.type, outcome: 'ignored', payload: { id: event.id, type: event.type } });
  expect(await billing.deliver(event)).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
});

it('a subscription to something that is no plan here leaves the plan, its changes and the deletion alone', async () => {
  const account = await subscribe(billing, 'pro');
  const { customer } = account;
  const price = await billing.client.prices.create({
    currency: 'usd',
    unit_amount: 500,
    recurring: { interval: 'month' },
    metadata: { planId: 'gold' },
    product_data: { name: 'Support contract' },
  });
  const line_items = [{ price: price.id, quantity: 1 }];
  const page = { mode: 'subscription', customer, line_items, success_url: 'http://localhost' } as const;
  billing.fake.completeCheckout((await billing.client.checkout.sessions.create(page)).id, 'pay');
  expect(new Set(await account.deliver())).toEqual(new Set([200]));
  expect(await rowOf(account)).toMatchObject({ planId: 'pro', stripeSubscriptionId: account.subscriptionId });
  expect(await changePlan({ ...account, planId: 'team' })).toMatchObject({ outcome: 'changed' });
  expect(await changePlan({ ...account, planId: 'free' })).toMatchObject({ outcome: 'scheduled' });
  await endPayments(account.organizationId);
});

it('what is left of a text that cannot be stored is its other characters', async () => {
  await billing.deliver({ ...base, id: 'evt_rest', data: { object: { note: 'a\0b', 'k\0': 'x\ud83dy \u{1f600}' } } });
  const { payload } = await db().stripeEvent.findUniqueOrThrow({ where: { id: 'evt_rest' } });
  expect(payload).toMatchObject({ data: { object: { note: 'ab', k: 'x\ufffdy \u{1f600}' } } });
});
