import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { startFakeStripe } from './server';
import { failure, press, topup, types, useFakeStripe } from './test-support';

const bench = useFakeStripe();

describe('a top-up', () => {
  test('is paid on the page and carries its metadata to intent and charge', async () => {
    const { fake, stripe } = bench();
    const session = await stripe.checkout.sessions.create(topup());
    expect(session).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
      payment_intent: null,
      amount_total: 3999,
    });
    const page = await (await fetch(session.url ?? '')).text();
    expect(page).toContain('Fake Stripe - test');
    expect(page).toContain('39.99 USD');
    const paid = await press(session.url, 'pay');
    expect(paid.status).toBe(303);
    expect(paid.headers.get('location')).toBe(`http://shop.test/done?session=${session.id}`);
    const after = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge', 'line_items'],
    });
    expect(after).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      client_reference_id: 'org_1',
      metadata: { purchaseId: 'pur_1' },
      customer: null,
      customer_details: { email: 'buyer@example.com' },
      payment_intent: { status: 'succeeded', latest_charge: { paid: true, metadata: { purchaseId: 'pur_1' } } },
      line_items: { data: [{ amount_total: 3999, description: '500 credits' }] },
    });
    expect(types(fake).slice(-4)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
  });

  test('may be put off, and then succeeds or fails', async () => {
    const { fake, stripe } = bench();
    const one = await stripe.checkout.sessions.create(topup());
    await press(one.url, 'pay_later_succeeds');
    const two = await stripe.checkout.sessions.create(topup());
    fake.completeCheckout(two.id, 'pay_later');
    expect(await stripe.checkout.sessions.retrieve(two.id)).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
    });
    fake.settleLater(two.id, 'fails');
    await expect.poll(() => types(fake)).toContain('checkout.session.async_payment_succeeded');
    expect(types(fake)).toContain('checkout.session.async_payment_failed');
    expect((await stripe.checkout.sessions.retrieve(one.id)).payment_status).toBe('paid');
    expect((await stripe.checkout.sessions.retrieve(two.id)).payment_status).toBe('unpaid');
  });

  test('survives a declined card, can be left, and cannot be paid twice', async () => {
    const { fake, stripe } = bench();
    const { id, url } = await stripe.checkout.sessions.create(topup());
    expect(await (await press(url, 'decline')).text()).toContain('role="alert"');
    expect((await press(url, 'cancel')).headers.get('location')).toBe('http://shop.test/back');
    expect((await stripe.checkout.sessions.retrieve(id)).status).toBe('open');
    await press(url, 'pay');
    expect(await (await press(url, 'pay')).text()).toContain('all done');
    expect(fake.events('checkout.session.completed')).toHaveLength(1);
    expect(fake.events('payment_intent.created')).toHaveLength(1);
  });

  test('expires by call or by time', async () => {
    const { stripe } = bench();
    const called = await stripe.checkout.sessions.create(topup());
    expect(await stripe.checkout.sessions.expire(called.id)).toMatchObject({ status: 'expired', url: null });
    expect((await failure(stripe.checkout.sessions.expire(called.id))).statusCode).toBe(400);
    const soon = Math.floor(Date.now() / 1000) + 60;
    expect((await failure(stripe.checkout.sessions.create(topup({ expires_at: soon })))).param).toBe('expires_at');
    let at = Date.now();
    const moved = await startFakeStripe({ clock: () => at });
    const client = new Stripe(moved.secretKey, { ...moved.clientConfig, maxNetworkRetries: 0 });
    const timed = await client.checkout.sessions.create(topup());
    at += 86_400_000;
    expect((await client.checkout.sessions.retrieve(timed.id)).status).toBe('expired');
    expect(moved.events('checkout.session.expired')).toHaveLength(1);
    await moved.close();
  });

  test('gives an invoice if it was asked for, which the portal lists', async () => {
    const { fake, stripe } = bench();
    const customer = await stripe.customers.create({ email: 'ada@example.com' });
    const session = await stripe.checkout.sessions.create(
      topup({ customer: customer.id, invoice_creation: { enabled: true } }),
    );
    const { session: done } = fake.completeCheckout(session.id);
    const invoice = await stripe.invoices.retrieve(String(done.invoice), { expand: ['payments'] });
    expect(invoice).toMatchObject({ status: 'paid', total: 3999, parent: null });
    expect(invoice.payments?.data[0]?.payment.payment_intent).toBe(done.payment_intent);
    const portal = await stripe.billingPortal.sessions.create({
      customer: customer.id,
      return_url: 'http://shop.test/plan',
    });
    const page = await (await fetch(portal.url)).text();
    expect(page).toContain(invoice.number);
    expect(page).toContain('href="http://shop.test/plan"');
  });
});

describe('refunds and disputes', () => {
  test('a refund in two parts is reported on the charge, and no more than was paid goes back', async () => {
    const { fake, stripe } = bench();
    const session = await stripe.checkout.sessions.create(topup());
    const intent = String(fake.completeCheckout(session.id).session.payment_intent);
    await stripe.refunds.create({ payment_intent: intent, amount: 1000 });
    const tooMuch = await failure(stripe.refunds.create({ payment_intent: intent, amount: 3000 }));
    expect(tooMuch.param).toBe('amount');
    await stripe.refunds.create({ payment_intent: intent });
    expect((await failure(stripe.refunds.create({ payment_intent: intent }))).code).toBe('charge_already_refunded');
    expect(fake.events('charge.refunded').map((event) => event.data.object)).toMatchObject([
      { amount_refunded: 1000, refunded: false, payment_intent: intent, metadata: { purchaseId: 'pur_1' } },
      { amount_refunded: 3999, refunded: true, payment_intent: intent },
    ]);
  });

  test('a dispute names its payment and may be won', async () => {
    const { fake, stripe } = bench();
    const session = await stripe.checkout.sessions.create(topup());
    const intent = String(fake.completeCheckout(session.id).session.payment_intent);
    const dispute = fake.dispute(intent, { amount: 500 });
    expect(await stripe.disputes.retrieve(dispute.id)).toMatchObject({ amount: 500, payment_intent: intent });
    expect((await failure(stripe.refunds.create({ payment_intent: intent }))).code).toBe('charge_disputed');
    fake.closeDispute(dispute.id, 'won');
    expect(types(fake).filter((type) => type.startsWith('charge.dispute'))).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.funds_reinstated',
      'charge.dispute.closed',
    ]);
  });

  test('money that a dispute brought back may be refunded, money that it took may not', async () => {
    const { fake, stripe } = bench();
    const pay = async () => {
      const session = await stripe.checkout.sessions.create(topup());
      return String(fake.completeCheckout(session.id).session.payment_intent);
    };
    const [won, lost] = [await pay(), await pay()];
    fake.closeDispute(fake.dispute(won).id, 'won');
    fake.closeDispute(fake.dispute(lost).id, 'lost');
    expect(await stripe.refunds.create({ payment_intent: won })).toMatchObject({ amount: 3999 });
    expect((await failure(stripe.refunds.create({ payment_intent: lost }))).code).toBe('charge_disputed');
  });

  test('an inquiry moves no money until the bank insists', async () => {
    const { fake, stripe } = bench();
    const session = await stripe.checkout.sessions.create(topup());
    const intent = String(fake.completeCheckout(session.id).session.payment_intent);
    const { id } = fake.dispute(intent, { inquiry: true });
    expect(() => fake.closeDispute(id, 'lost')).toThrow('warning_needs_response');
    const about = () => types(fake).filter((type) => type.startsWith('charge.dispute'));
    expect(about()).toEqual(['charge.dispute.created']);
    expect(fake.escalateDispute(id)).toMatchObject({ status: 'needs_response' });
    expect(about().slice(1)).toEqual(['charge.dispute.updated', 'charge.dispute.funds_withdrawn']);
    expect(() => fake.closeDispute(id, 'warning_closed')).toThrow('needs_response');
    expect(fake.closeDispute(id, 'lost')).toMatchObject({ status: 'lost' });
  });
});
