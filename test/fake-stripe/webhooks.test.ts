import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { connectFakeStripe } from './remote';
import { monthly, subscribe, topup, useFakeStripe } from './test-support';

const bench = useFakeStripe();

describe('webhooks', () => {
  test('are signed so that Stripe’s own library accepts them, and nothing else', async () => {
    const { fake, stripe, endpoint } = bench();
    await stripe.customers.create({ name: 'Zoë – ünïcode' });
    await fake.idle();
    const [sent] = endpoint.received;
    const verify = (body: string, header: string) => stripe.webhooks.constructEvent(body, header, fake.webhookSecret);
    const event = verify(sent?.body ?? '', String(sent?.headers['stripe-signature']));
    expect(event).toMatchObject({
      type: 'customer.created',
      api_version: Stripe.API_VERSION,
      data: { object: { name: 'Zoë – ünïcode' } },
    });
    expect(await stripe.events.retrieve(event.id)).toMatchObject({ id: event.id });
    const refused = [
      { secret: 'whsec_other' },
      { at: Math.floor(Date.now() / 1000) - 301 },
      { mutateBody: (body: string) => body.replace('Zoë', 'Eve') },
    ];
    for (const options of refused) {
      const { body, headers } = fake.signedRequest(event.id, options);
      expect(() => verify(body, headers['stripe-signature'])).toThrow(Stripe.errors.StripeSignatureVerificationError);
    }
    const fine = fake.signedRequest(event.id, { at: Math.floor(Date.now() / 1000) - 290 });
    expect(verify(fine.body, fine.headers['stripe-signature']).id).toBe(event.id);
  });

  test('are tried again until they are taken, and given up in the end', async () => {
    const { fake, stripe, endpoint } = bench();
    endpoint.answers.push(500, 503, 200);
    await stripe.customers.create({ name: 'first' });
    await fake.idle();
    expect(fake.deliveries().map((delivery) => [delivery.attempt, delivery.status])).toEqual([
      [1, 500],
      [2, 503],
      [3, 200],
    ]);
    expect(new Set(endpoint.received.map((request) => request.body)).size).toBe(1);
    endpoint.answers.push(500, 500, 500, 500, 500);
    await stripe.customers.create({ name: 'second' });
    await fake.idle();
    expect(fake.deliveries()).toHaveLength(3 + 4);
  });

  test('are held back, sent in any order, twice, and by hand', async () => {
    const { fake, stripe, endpoint } = bench();
    fake.pauseDelivery();
    const session = await stripe.checkout.sessions.create(topup());
    fake.completeCheckout(session.id);
    await fake.idle();
    expect(endpoint.received).toEqual([]);
    const held = fake.heldBack().map((event) => event.id);
    const byHand = await fake.deliver(held[0] ?? '');
    expect(byHand).toMatchObject({ status: 200, attempt: 1 });
    fake.setDelivery({ copies: 2, order: 'reversed' });
    fake.resumeDelivery('reversed');
    await fake.idle();
    const order = endpoint.received.slice(1).map((request) => String(JSON.parse(request.body).id));
    expect(order).toEqual(held.toReversed().flatMap((id) => [id, id]));
  });

  test('controls work from another process', async () => {
    const { fake, stripe } = bench();
    const remote = connectFakeStripe(fake.url);
    await remote.pauseDelivery();
    const { id } = await subscribe(bench(), await monthly(stripe, 2900, 'pro'));
    expect((await remote.advancePeriod(id, { paymentFails: true })).status).toBe('past_due');
    expect((await remote.events('invoice.payment_failed')).map((event) => event.type)).toEqual([
      'invoice.payment_failed',
    ]);
    await remote.discardHeldBack();
    expect(fake.heldBack()).toEqual([]);
    await expect(remote.advancePeriod('sub_none')).rejects.toThrow(/No such subscription/);
  });
});
