import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { failure, monthly, topup, useFakeStripe } from './test-support';

const bench = useFakeStripe();

describe('access', () => {
  test('refuses a call without a key, with a wrong key and in another version, each in Stripe’s words', async () => {
    const { fake, stripe } = bench();
    const bare = await fetch(`${fake.url}/v1/customers`, { method: 'POST' });
    expect(bare.status).toBe(401);
    expect(await bare.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    const wrong = new Stripe('sk_test_other', { ...fake.clientConfig, maxNetworkRetries: 0 });
    expect(await failure(wrong.customers.create({}))).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    const old = await failure(stripe.customers.create({}, { apiVersion: '2020-08-27' }));
    expect(old.message).toContain('Invalid Stripe API version');
  });

  test('answers with a request id, and names what is missing, unknown or not there', async () => {
    const { fake, stripe } = bench();
    const customer = await stripe.customers.create({ email: 'a@example.com', metadata: { organizationId: 'org_1' } });
    expect(customer.lastResponse.requestId).toMatch(/^req_/);
    expect(customer.metadata).toEqual({ organizationId: 'org_1' });
    const gone = await failure(stripe.customers.retrieve('cus_none'));
    expect(gone).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
      requestId: expect.stringMatching(/^req_/),
    });
    const nameless = await fetch(`${fake.url}/v1/products`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fake.secretKey}` },
      body: new URLSearchParams({ 'metadata[a]': '1' }),
    });
    expect(await nameless.json()).toMatchObject({ error: { code: 'parameter_missing', param: 'name' } });
    const odd = await failure(stripe.customers.create({ balance: 5 }));
    expect(odd).toMatchObject({ code: 'parameter_unknown', param: 'balance' });
  });

  test('updates a customer key by key and reports the former values', async () => {
    const { fake, stripe } = bench();
    const { id } = await stripe.customers.create({ name: 'Ada', metadata: { keep: '1', drop: '2' } });
    const updated = await stripe.customers.update(id, { name: 'Ada L.', metadata: { drop: '', add: '3' } });
    expect(updated.metadata).toEqual({ keep: '1', add: '3' });
    const [event] = fake.events('customer.updated');
    expect(event?.data.previous_attributes).toEqual({ name: 'Ada', metadata: { keep: '1', drop: '2' } });
  });
});

describe('idempotency keys', () => {
  test('the same call twice is done once and answered alike; other parameters are refused', async () => {
    const { fake, stripe } = bench();
    const first = await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'k1' });
    const again = await stripe.customers.create({ email: 'a@example.com' }, { idempotencyKey: 'k1' });
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
    expect(fake.events('customer.created')).toHaveLength(1);
    const other = await failure(stripe.customers.create({ email: 'b@example.com' }, { idempotencyKey: 'k1' }));
    expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    const elsewhere = await failure(stripe.products.create({ name: 'x' }, { idempotencyKey: 'k1' }));
    expect(elsewhere).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  });

  test('a call while the first one runs conflicts, and the client’s retry gets the first one’s answer', async () => {
    const { fake } = bench();
    fake.setLatency(100);
    const patient = new Stripe(fake.secretKey, { ...fake.clientConfig, maxNetworkRetries: 3 });
    const calls = Array.from({ length: 4 }, () => patient.customers.create({ name: 'n' }, { idempotencyKey: 'k2' }));
    const ids = (await Promise.all(calls)).map((customer) => customer.id);
    expect(new Set(ids).size).toBe(1);
    expect(fake.requests().some((request) => request.status === 409)).toBe(true);
    expect(fake.events('customer.created')).toHaveLength(1);
  });

  test('refused parameters leave the key free, a lost answer leaves the work done', async () => {
    const { fake, stripe } = bench();
    const bad = { ...topup(), success_url: 'nowhere' };
    expect((await failure(stripe.checkout.sessions.create(bad, { idempotencyKey: 'k3' }))).code).toBe('url_invalid');
    const session = await stripe.checkout.sessions.create(topup(), { idempotencyKey: 'k3' });
    fake.failNext({ method: 'POST', path: '/v1/refunds', kind: 'drop' });
    const { session: paid } = fake.completeCheckout(session.id);
    const retrying = new Stripe(fake.secretKey, { ...fake.clientConfig, maxNetworkRetries: 1 });
    const refund = await retrying.refunds.create({ payment_intent: String(paid.payment_intent), amount: 100 });
    expect(fake.events('refund.created').map((event) => event.data.object)).toMatchObject([{ id: refund.id }]);
  });
});

describe('prices', () => {
  test('are found by lookup key, in pages, and a key moves only when asked to', async () => {
    const { stripe } = bench();
    const pro = await monthly(stripe, 2900, 'pro');
    const team = await monthly(stripe, 9900, 'team');
    const found = await stripe.prices.list({ lookup_keys: ['team', 'pro'], active: true });
    expect(found.data.map((price) => price.id)).toEqual([team.id, pro.id]);
    expect(pro.unit_amount_decimal?.toString()).toBe('2900');
    const all = await stripe.prices.list({ limit: 1 }).autoPagingToArray({ limit: 10 });
    expect(all).toHaveLength(2);
    expect((await failure(monthly(stripe, 3900, 'pro'))).code).toBe('resource_already_exists');
    const newer = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 3900,
      recurring: { interval: 'month' },
      product: String(pro.product),
      lookup_key: 'pro',
      transfer_lookup_key: true,
    });
    expect((await stripe.prices.list({ lookup_keys: ['pro'] })).data.map((price) => price.id)).toEqual([newer.id]);
  });
});
