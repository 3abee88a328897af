import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listInvoices } from '@/server/billing/checkout/list-invoices';
import { forgetPayer } from '@/server/billing/checkout/name-payer';
import { openPortal } from '@/server/billing/checkout/open-portal';
import { endPayments } from '@/server/billing/closing/end-payments';
import { refuseUnsettled } from '@/server/billing/closing/refuse-unsettled';
import { cancelPlan } from '@/server/billing/plans/cancel-plan';
import { changePlan } from '@/server/billing/plans/change-plan';
import { resumePlan } from '@/server/billing/plans/resume-plan';
import { replayEvent } from '@/server/billing/webhook/replay-event';
import { database } from '@/server/platform/db';
import { billing } from '@/test/billing';
import { buy, nextPeriod, pay, periodOf, subscribe, subscribeUnpaid } from '@/test/billing-accounts';
import { seedOrganization } from '@/test/test-db';

/** Where Stripe's own `stripe-mock` listens: it refuses what Stripe's published description of its API does not allow. */
const MOCK = process.env.STRIPE_MOCK_URL ?? '';
if (MOCK === '') console.log('stripe-mock: skipped, because STRIPE_MOCK_URL is not set (.ci/run sets it where Go is)');

/** Every call of Stripe's client in `server/billing`, as it goes over the wire; `*` stands for an id. */
const CALLS = {
  'billingPortal.sessions.create': 'POST /v1/billing_portal/sessions',
  'charges.list': 'GET /v1/charges',
  'checkout.sessions.create': 'POST /v1/checkout/sessions',
  'checkout.sessions.expire': 'POST /v1/checkout/sessions/*/expire',
  'checkout.sessions.list': 'GET /v1/checkout/sessions',
  'checkout.sessions.retrieve': 'GET /v1/checkout/sessions/*',
  'customers.create': 'POST /v1/customers',
  'customers.update': 'POST /v1/customers/*',
  'disputes.list': 'GET /v1/disputes',
  'events.retrieve': 'GET /v1/events/*',
  'invoicePayments.list': 'GET /v1/invoice_payments',
  'invoices.list': 'GET /v1/invoices',
  'invoices.update': 'POST /v1/invoices/*',
  'invoices.voidInvoice': 'POST /v1/invoices/*/void',
  'prices.create': 'POST /v1/prices',
  'prices.list': 'GET /v1/prices',
  'prices.retrieve': 'GET /v1/prices/*',
  'prices.update': 'POST /v1/prices/*',
  'products.update': 'POST /v1/products/*',
  'subscriptions.cancel': 'DELETE /v1/subscriptions/*',
  'subscriptions.list': 'GET /v1/subscriptions',
  'subscriptions.update': 'POST /v1/subscriptions/*',
};

it('every call of Stripe’s client in the billing code is in the list', () => {
  const folder = 'server/billing';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const source = files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const text = source.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const calls = [...text.matchAll(/\bstripe(?:\(\))?\s*\.((?:[a-zA-Z]+\.)+[a-zA-Z]+)\(/g)].map(
    ([, call]) => call ?? '',
  );
  expect([...new Set(calls)].sort()).toEqual(Object.keys(CALLS).sort());
});

type Sent = ReturnType<typeof billing.fake.requests>[number];

const kindOf = ({ method, path }: Sent) => `${method} ${path.replace(/\/[a-z]+_[A-Za-z0-9_]+(?=\/|$)/, withoutId)}`;
/** `/in_abc`, but not `/billing_portal`: ids end in 24 random characters. */
const withoutId = (part: string) => (/[A-Z0-9]/.test(part) ? '/*' : part);

/** Parameters by name: requests with the same ones have the same shape. */
function shapeOf({ query, body }: Sent): string {
  const names = [query, body].flatMap((form) => [...new URLSearchParams(form)].map(([name]) => name));
  return [...new Set(names)].sort().join(' ');
}

async function useEverything(): Promise<void> {
  await purchases();
  await plans();
  await closing();
}

async function purchases(): Promise<void> {
  const purchase = await buy(billing, 'starter');
  const { completed, intent } = pay(billing, purchase);
  await replayEvent(completed.id);
  await billing.client.refunds.create({ payment_intent: intent, amount: 1 });
  billing.fake.dispute(intent);
  await billing.deliverAll(purchase.events('charge.refunded', 'charge.dispute.created'), 1);
  const later = await buy(billing, 'popular', purchase);
  billing.fake.completeCheckout(later.sessionId, 'pay_later');
  await expect(refuseUnsettled(purchase.organizationId)).rejects.toThrow();
  await openPortal(purchase);
  await listInvoices(purchase.organizationId);
  await forgetPayer(purchase.organizationId);
}

async function plans(): Promise<void> {
  const undecided = await seedOrganization(database());
  for (const planId of ['pro', 'team']) await changePlan({ ...undecided, planId });
  const { data } = await billing.client.prices.list({ limit: 100, expand: ['data.product'] });
  for (const { id, product } of data) {
    await billing.client.prices.update(id, { active: false });
    if (typeof product === 'object') await billing.client.products.update(product.id, { active: false });
  }
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  for (const planId of ['team', 'pro', 'team']) await changePlan({ ...account, planId });
  await cancelPlan(account);
  await resumePlan(account);
  const { periodEnd } = await periodOf(billing, account.subscriptionId);
  await billing.client.subscriptions.update(account.subscriptionId, { cancel_at: periodEnd.getTime() / 1000 });
  await account.deliver();
  await resumePlan(account);
  await account.deliver();
  const [invoice] = (await billing.client.invoices.list({ customer: account.customer, limit: 1 })).data;
  const payment = billing.fake.paymentOfInvoice(invoice?.id ?? '');
  billing.fake.dispute(payment);
  await billing.deliverAll(billing.fake.events('charge.dispute.created').slice(-1), 1);
  nextPeriod(billing, account.subscriptionId, periodEnd);
  await account.deliver();
  await cancelPlan(await subscribeUnpaid(billing));
}

async function closing(): Promise<void> {
  await endPayments((await subscribeUnpaid(billing)).organizationId);
  const paid = await subscribe(billing, 'pro');
  await paid.deliver();
  await buy(billing, 'starter', paid);
  await endPayments(paid.organizationId);
  const inDraftHour = await subscribe(billing, 'pro');
  await inDraftHour.deliver();
  const [renewal] = (await billing.client.invoices.list({ customer: inDraftHour.customer, limit: 1 })).data;
  billing.fake.makeDraft(renewal?.id ?? '');
  await endPayments(inDraftHour.organizationId);
}

describe.skipIf(MOCK === '')('what the billing code sends to Stripe (needs STRIPE_MOCK_URL)', () => {
  const sent = new Map<string, Map<string, Sent>>();

  beforeAll(async () => {
    await useEverything();
    for (const request of billing.fake.requests()) {
      if (request.status !== 200) continue;
      const kind = kindOf(request);
      sent.set(kind, (sent.get(kind) ?? new Map<string, Sent>()).set(shapeOf(request), request));
    }
  }, 120_000);

  it.each(Object.entries(CALLS))('%s is what Stripe’s own description allows', async (_, kind) => {
    const shapes = [...(sent.get(kind)?.values() ?? [])];
    expect(shapes).not.toEqual([]);
    for (const { method, path, query, body } of shapes) {
      const answer = await fetch(`${MOCK}${path}${query === '' ? '' : `?${query}`}`, {
        method,
        headers: { authorization: 'Bearer sk_test_123', 'content-type': 'application/x-www-form-urlencoded' },
        ...(body === '' ? {} : { body }),
      });
      const said = await answer.text();
      expect({ status: answer.status, said: answer.ok ? '' : said, sent: `${query} ${body}` }).toMatchObject({
        status: 200,
      });
    }
  });

  it('refuses what Stripe does not know, so that the answers above mean something', async () => {
    const headers = { authorization: 'Bearer sk_test_123', 'content-type': 'application/x-www-form-urlencoded' };
    const wrong = await fetch(`${MOCK}/v1/prices`, { method: 'POST', headers, body: 'currency=usd&colour=blue' });
    expect(wrong.status).toBe(400);
    expect((await fetch(`${MOCK}/v1/no_such_thing`, { headers })).status).toBe(404);
  });
});
