import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { failure, monthly, press, subscribe, types, useFakeStripe } from './test-support';

const bench = useFakeStripe();

describe('a subscription', () => {
  test('starts with a paid invoice whose parent names it', async () => {
    const { fake, stripe } = bench();
    const { id } = await subscribe(bench(), await monthly(stripe, 2900, 'pro'));
    const subscription = await stripe.subscriptions.retrieve(id, {
      expand: ['latest_invoice.payments.data.payment.payment_intent'],
    });
    expect(subscription).toMatchObject({ status: 'active', metadata: { organizationId: 'org_1' } });
    const [item] = subscription.items.data;
    expect(daysOf(item)).toBeGreaterThanOrEqual(28);
    expect(subscription.latest_invoice).toMatchObject({
      status: 'paid',
      amount_paid: 2900,
      billing_reason: 'subscription_create',
      parent: { subscription_details: { subscription: id, metadata: { organizationId: 'org_1' } } },
      payments: { data: [{ status: 'paid', payment: { payment_intent: { status: 'succeeded' } } }] },
      lines: { data: [{ period: { start: item?.current_period_start, end: item?.current_period_end } }] },
    });
    expect(types(fake).filter((type) => /subscription|session|invoice\.paid/.test(type))).toEqual([
      'customer.subscription.created',
      'invoice.paid',
      'checkout.session.completed',
    ]);
  });

  test('is upgraded at once against the difference, to the cent', async () => {
    const { fake, stripe } = bench();
    const [pro, team] = [await monthly(stripe, 3000, 'pro'), await monthly(stripe, 9000, 'team')];
    const { id } = await subscribe(bench(), pro);
    const { items } = await stripe.subscriptions.retrieve(id);
    const [item] = items.data;
    const half = Math.floor(((item?.current_period_start ?? 0) + (item?.current_period_end ?? 0)) / 2);
    const change = { items: [{ id: item?.id ?? '', price: team.id }], proration_date: half };
    const preview = await stripe.invoices.createPreview({
      subscription: id,
      subscription_details: { ...change, proration_behavior: 'always_invoice' },
    });
    expect(preview.lines.data.map((line) => line.amount)).toEqual([-1500, 4500]);
    expect((await stripe.subscriptions.retrieve(id)).items.data[0]?.price.id).toBe(pro.id);
    const updated = await stripe.subscriptions.update(id, { ...change, proration_behavior: 'always_invoice' });
    expect(updated.items.data[0]).toMatchObject({
      id: item?.id,
      price: { id: team.id },
      current_period_end: item?.current_period_end,
    });
    const invoice = await stripe.invoices.retrieve(String(updated.latest_invoice));
    expect(invoice).toMatchObject({ status: 'paid', amount_paid: 3000, billing_reason: 'subscription_update' });
    const [event] = fake.events('customer.subscription.updated');
    expect(event?.data.previous_attributes).toMatchObject({ items: { data: [{ price: { id: pro.id } }] } });
  });

  test('keeps prorations for the next invoice, or makes none', async () => {
    const { fake, stripe } = bench();
    const [pro, team] = [await monthly(stripe, 3000, 'pro'), await monthly(stripe, 9000, 'team')];
    const one = await subscribe(bench(), pro);
    const two = await subscribe(bench(), pro);
    for (const [id, proration_behavior] of [
      [one.id, 'create_prorations'],
      [two.id, 'none'],
    ] as const) {
      const item = (await stripe.subscriptions.retrieve(id)).items.data[0];
      await stripe.subscriptions.update(id, { items: [{ id: item?.id ?? '', price: team.id }], proration_behavior });
      fake.advancePeriod(id);
    }
    const amounts = async (subscription: string) => {
      const { data } = await stripe.invoices.list({ subscription });
      return data.map((invoice) => invoice.lines.data.map((line) => line.amount));
    };
    // Changed in the first second of the period: the whole of both prices.
    expect(await amounts(one.id)).toEqual([[-3000, 9000, 9000], [3000]]);
    expect(await amounts(two.id)).toEqual([[9000], [3000]]);
  });

  test('renews, falls past due, recovers, and ends when Stripe gives up', async () => {
    const { fake, stripe } = bench();
    const { id, customer } = await subscribe(bench(), await monthly(stripe, 2900, 'pro'));
    const before = await stripe.subscriptions.retrieve(id);
    const renewed = fake.advancePeriod(id);
    expect(renewed.items.data[0]?.current_period_start).toBe(before.items.data[0]?.current_period_end);
    const renewal = await stripe.invoices.retrieve(String(renewed.latest_invoice));
    expect(renewal).toMatchObject({ status: 'paid', billing_reason: 'subscription_cycle' });
    expect(renewal.created).toBeGreaterThanOrEqual(before.items.data[0]?.current_period_end ?? Infinity);
    expect(fake.advancePeriod(id, { paymentFails: true }).status).toBe('past_due');
    expect(fake.events('invoice.payment_failed')).toHaveLength(1);
    fake.setCard(customer, 'declines');
    const open = String((await stripe.subscriptions.retrieve(id)).latest_invoice);
    expect(await failure(stripe.invoices.pay(open))).toBeInstanceOf(Stripe.errors.StripeCardError);
    fake.setCard(customer, 'works');
    expect(fake.retryPayment(id).status).toBe('active');
    fake.advancePeriod(id, { paymentFails: true });
    expect(fake.retryPayment(id, { paymentFails: true, final: true }).status).toBe('canceled');
    const [ended] = fake.events('customer.subscription.deleted');
    expect(ended?.data.object).toMatchObject({ id, cancellation_details: { reason: 'payment_failed' } });
    const times = fake.events().map((event) => event.created);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });

  test('is cancelled at the period’s end, taken up again, and cancelled now', async () => {
    const { fake, stripe } = bench();
    const pro = await monthly(stripe, 2900, 'pro');
    const { id } = await subscribe(bench(), pro);
    const marked = await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    expect(marked).toMatchObject({ status: 'active', cancel_at: marked.items.data[0]?.current_period_end });
    const resumed = await stripe.subscriptions.update(id, { cancel_at_period_end: false });
    expect(resumed).toMatchObject({ cancel_at: null, canceled_at: null });
    await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    expect(fake.advancePeriod(id).status).toBe('canceled');
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(1);
    const other = await subscribe(bench(), pro);
    expect(await stripe.subscriptions.cancel(other.id)).toMatchObject({ status: 'canceled' });
    expect(fake.events('customer.subscription.deleted')).toHaveLength(2);
    expect((await failure(stripe.subscriptions.cancel(other.id))).code).toBe('resource_missing');
  });

  test('a downgrade billed at once becomes credit that pays the next invoices', async () => {
    const { fake, stripe } = bench();
    const [pro, team] = [await monthly(stripe, 3000, 'pro'), await monthly(stripe, 9000, 'team')];
    const { id, customer } = await subscribe(bench(), team);
    const item = (await stripe.subscriptions.retrieve(id)).items.data[0];
    const updated = await stripe.subscriptions.update(id, {
      items: [{ id: item?.id ?? '', price: pro.id }],
      proration_behavior: 'always_invoice',
      proration_date: item?.current_period_start ?? 0,
    });
    expect(await stripe.invoices.retrieve(String(updated.latest_invoice))).toMatchObject({
      total: -6000,
      amount_due: 0,
    });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: -6000 });
    const dues = [1, 2, 3].map(() => String(fake.advancePeriod(id).latest_invoice));
    const invoices = await Promise.all(dues.map((invoice) => stripe.invoices.retrieve(invoice)));
    expect(invoices.map((invoice) => invoice.amount_paid)).toEqual([0, 0, 3000]);
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 });
  });

  test('a person repairs a failed payment in the portal', async () => {
    const { fake, stripe } = bench();
    const { id, customer } = await subscribe(bench(), await monthly(stripe, 2900, 'pro'));
    fake.setCard(customer, 'declines');
    fake.advancePeriod(id);
    const { url } = await stripe.billingPortal.sessions.create({ customer, return_url: 'http://shop.test/plan' });
    await press(url, 'pay_open');
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('past_due');
    expect(await (await press(url, 'card_works')).text()).toContain('The stored card works');
    expect(await (await press(url, 'pay_open')).text()).not.toContain('>open<');
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test('goes on without being paid when its invoice is voided before it has ended, and not when it has', async () => {
    const { fake, stripe } = bench();
    const { id, customer } = await subscribe(bench(), await monthly(stripe, 2900, 'pro'));
    const voidLatest = async () => {
      const [invoice] = (await stripe.invoices.list({ customer, status: 'open' })).data;
      return stripe.invoices.voidInvoice(invoice?.id ?? '');
    };
    fake.advancePeriod(id, { paymentFails: true });
    expect(fake.setStatus(id, 'unpaid')).toMatchObject({ status: 'unpaid' });
    expect(await voidLatest()).toMatchObject({ status: 'void' });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
    fake.advancePeriod(id, { paymentFails: true });
    await stripe.subscriptions.cancel(id);
    await voidLatest();
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('canceled');
  });

  test('is cancelled in the portal by a date, which is taken back as a date and ends it with the period', async () => {
    const { fake, stripe } = bench();
    const { id, customer } = await subscribe(bench(), await monthly(stripe, 2900, 'pro'));
    const end = (await stripe.subscriptions.retrieve(id)).items.data[0]?.current_period_end;
    const { url } = await stripe.billingPortal.sessions.create({ customer });
    await press(url, 'cancel');
    const cancelled = { cancel_at_period_end: false, cancel_at: end };
    expect(await stripe.subscriptions.update(id, { cancel_at_period_end: false })).toMatchObject(cancelled);
    const both = stripe.subscriptions.update(id, { cancel_at_period_end: false, cancel_at: '' });
    expect(await failure(both)).toMatchObject({ statusCode: 400 });
    expect(await stripe.subscriptions.update(id, { cancel_at: '' })).toMatchObject({ cancel_at: null });
    await press(url, 'cancel');
    expect(fake.advancePeriod(id)).toMatchObject({ status: 'canceled' });
  });

  test('an upgrade whose payment declines is refused or leaves it past due, as asked', async () => {
    const { fake, stripe } = bench();
    const [pro, team] = [await monthly(stripe, 3000, 'pro'), await monthly(stripe, 9000, 'team')];
    const { id, customer } = await subscribe(bench(), pro);
    const item = (await stripe.subscriptions.retrieve(id)).items.data[0];
    const change: Stripe.SubscriptionUpdateParams = {
      items: [{ id: item?.id ?? '', price: team.id }],
      proration_behavior: 'always_invoice',
    };
    fake.setCard(customer, 'declines');
    const refused = await failure(
      stripe.subscriptions.update(id, { ...change, payment_behavior: 'error_if_incomplete' }),
    );
    expect(refused).toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect((await stripe.subscriptions.retrieve(id)).items.data[0]?.price.id).toBe(pro.id);
    expect(await stripe.subscriptions.update(id, change)).toMatchObject({ status: 'past_due' });
  });
});

describe('the payment of an invoice', () => {
  test('is found from either side, and is refunded and disputed like any other', async () => {
    const { fake, stripe } = bench();
    const { customer } = await subscribe(bench(), await monthly(stripe, 2900, 'pro'));
    const [invoice] = (await stripe.invoices.list({ customer })).data;
    const payment_intent = fake.paymentOfInvoice(invoice?.id ?? '');
    const [payment] = (
      await stripe.invoicePayments.list({
        payment: { type: 'payment_intent', payment_intent },
        expand: ['data.invoice'],
      })
    ).data;
    expect(payment).toMatchObject({ status: 'paid', amount_paid: 2900, invoice: { id: invoice?.id, total: 2900 } });
    await stripe.refunds.create({ payment_intent, amount: 900 });
    const [refunded] = fake.events('charge.refunded');
    // As at Stripe, the charge names its customer and payment, but neither its invoice nor our metadata.
    expect(refunded?.data.object).toMatchObject({ amount_refunded: 900, customer, payment_intent, metadata: {} });
    const dispute = fake.dispute(payment_intent, { amount: 2000 });
    fake.closeDispute(dispute.id, 'won');
    expect(fake.events('charge.dispute.closed')[0]?.data.object).toMatchObject({ status: 'won', payment_intent });
    expect(() => fake.paymentOfInvoice('in_none')).toThrow('No such invoice');
  });
});

function daysOf(item: Stripe.SubscriptionItem | undefined): number {
  return item === undefined ? 0 : (item.current_period_end - item.current_period_start) / 86_400;
}
