import { afterAll, beforeAll, expect, it } from 'vitest';
import { listInvoices } from '@/server/billing/checkout/list-invoices';
import { openPortal } from '@/server/billing/checkout/open-portal';
import { startTopup } from '@/server/billing/checkout/start-topup';
import { changePlan } from '@/server/billing/plans/change-plan';
import { auditLedger } from '@/server/credits/ledger/audit';
import { db } from '@/server/platform/db';
import { buy, CREDIT, pay, rowOf, sessionIdOf, stateOf, subscribe } from '@/test/billing-accounts';
import { type Billing, startBilling } from '@/test/billing-harness';
import { closeTestDb, testDb } from '@/test/test-db';

let billing: Billing;

beforeAll(async () => {
  await testDb();
  billing = await startBilling();
});
afterAll(async () => {
  expect(await auditLedger(db())).toEqual([]);
  await billing.stop();
  await closeTestDb();
});

it('a customer that was deleted at Stripe is made again by the next payment, once', async () => {
  const first = await buy(billing, 'starter');
  const { customer } = await rowOf(first);
  await billing.client.customers.del(customer);
  expect(await openPortal(first)).toBeNull();
  expect(await listInvoices(first.organizationId)).toEqual([]);
  const started = await Promise.all([1, 2, 3].map(() => startTopup({ ...first, packageId: 'starter' })));
  const next = await rowOf(first);
  expect(next.customer).not.toBe(customer);
  const made = (await billing.client.customers.list({ limit: 100 })).data;
  expect(made.filter(({ metadata }) => metadata.organizationId === first.organizationId)).toHaveLength(1);
  expect(await openPortal(first)).toContain('http');
  const purchaseId = started[0]?.purchaseId ?? '';
  const { stripeSessionId } = await db().purchase.findUniqueOrThrow({ where: { id: purchaseId } });
  const { completed } = pay(billing, { ...first, purchaseId, sessionId: stripeSessionId ?? '' });
  await billing.deliver(completed);
  expect(await stateOf({ ...first, purchaseId })).toMatchObject({ status: 'paid', bonus: 100n * CREDIT });
});

it('a plan ends with the customer that paid for it, and can be bought again', async () => {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  await billing.client.customers.del(account.customer);
  expect(new Set(await account.deliver())).toEqual(new Set([200]));
  expect(await rowOf(account)).toMatchObject({ planId: 'free', status: 'canceled', stripeSubscriptionId: null });
  const { outcome, url } = await changePlan({ ...account, planId: 'pro' });
  expect(outcome).toBe('checkout');
  billing.fake.completeCheckout(sessionIdOf(url), 'pay');
  const { customer } = await rowOf(account);
  const paid = billing.fake.events('invoice.paid').filter(({ data }) => JSON.stringify(data).includes(customer));
  expect(await billing.deliverAll(paid, 1)).toEqual([200]);
  expect(await rowOf(account)).toMatchObject({ planId: 'pro', status: 'active', monthly: 500n * CREDIT });
});

it('what was paid on a page of the former customer is credited, although another one took its place before the event came', async () => {
  const first = await buy(billing, 'power');
  const { completed } = pay(billing, first);
  await billing.client.customers.del((await rowOf(first)).customer);
  await startTopup({ ...first, packageId: 'starter' });
  expect(await billing.deliver(completed)).toMatchObject({ status: 200, body: { outcome: 'done' } });
  expect(await stateOf(first)).toMatchObject({ status: 'paid', bonus: 2000n * CREDIT });
});
