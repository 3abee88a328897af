import { afterAll, beforeAll, expect, it } from 'vitest';
import { handleStripeWebhook } from '@/server/api/http/stripe-webhook-handler';
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
  ['no data and another form of time', { id: 'evt_other', type: 'v1.thing', created: '2026-11-21T00:00:00Z' }],
  ['the name of a known type only', { id: 'evt_bare', type: 'charge.refunded' }],
  ['a time that is none', { ...base, id: 'evt_late', created: 9e15, data: { object: {} } }],
])('a signed event with %s is stored, acknowledged and has no effect', async (_, event) => {
  expect(await billing.deliver(event)).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
  const row = await db().stripeEvent.findUniqueOrThrow({ where: { id: event.id } });
  expect(row).toMatchObject({ type: event.type, outcome: 'ignored', payload: { id: event.id, type: event.type } });
  expect(await billing.deliver(event)).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
});

it.each([
  ['of a meter', 'v1.billing.meter.error_report_triggered', { id: 'mtr_1', type: 'billing.meter' }],
  ['of a type that has an effect as a snapshot', 'charge.refunded', { id: 'ch_1', type: 'charge' }],
  ['of the same type in its thin name', 'v1.charge.refunded', { id: 'ch_1', type: 'charge' }],
  ['about nothing', 'v2.core.event_destination.ping', undefined],
])('a signed thin event %s is stored and acknowledged, with what to do about it', async (_, type, about) => {
  const event = billing.fake.thinEvent(type, about);
  expect(event).toMatchObject({ object: 'v2.core.event' });
  expect(event).not.toHaveProperty('data');
  expect(await billing.deliver(event)).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
  const row = await db().stripeEvent.findUniqueOrThrow({ where: { id: event.id } });
  expect(row).toMatchObject({ type, outcome: 'ignored', error: expect.stringContaining('thin') });
  expect(row.happenedAt).toEqual(new Date(event.created));
  expect(await billing.deliver(event)).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
  // The signature comes first, for this form as well.
  expect((await billing.deliver(event, { secret: 'whsec_another' })).status).toBe(400);
});

it.each([
  ['no JSON', () => 'id=evt_1&type=charge.refunded'],
  ['nothing', () => ''],
  ['half of an event', (body: string) => body.slice(0, 40)],
  ['an event without an id', () => '{"type":"charge.refunded"}'],
  ['a list', () => '[]'],
  ['a word', () => 'null'],
  ['JSON nested 200,000 deep', () => '['.repeat(200_000) + ']'.repeat(200_000)],
])('a signed body that holds %s is refused with 400, and nothing is stored', async (_, bodyOf) => {
  const before = await db().stripeEvent.count();
  const event = { ...base, id: 'evt_no', data: { object: {} } };
  const { headers } = billing.fake.signedRequest(event);
  const body = bodyOf(JSON.stringify(event, null, 2));
  const post = (signature: string) =>
    handleStripeWebhook(
      new Request('http://localhost/api/stripe/webhook', {
        method: 'POST',
        body,
        headers: { ...headers, 'stripe-signature': signature },
      }),
    );
  const signed = billing.client.webhooks.generateTestHeaderString({
    payload: body,
    secret: billing.fake.webhookSecret,
  });
  for (const signature of [signed, '', ' ', 't=1', 'v1=', headers['stripe-signature']])
    expect((await post(signature)).status).toBe(400);
  expect(await db().stripeEvent.count()).toBe(before);
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
