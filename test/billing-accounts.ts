/** Buyers and subscribers of the fake Stripe, for database tests. */
import type Stripe from 'stripe';
import { startTopup } from '@/server/billing/checkout/start-topup';
import { changePlan } from '@/server/billing/plans/change-plan';
import { reserve, settle } from '@/server/credits/ledger/ledger';
import { setClockOffset } from '@/server/platform/clock';
import { database, db } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import type { Billing } from './billing-harness';
import { seedOrganization } from './test-db';

export const CREDIT = 1_000_000n;
export const DAY = 86_400_000;

/** Begins a purchase, for a new organization unless one is given. */
export async function buy(
  billing: Billing,
  packageId = 'popular',
  account?: { userId: string; organizationId: string },
) {
  const buyer = account ?? (await seedOrganization(database(), { monthlyMicro: 10n * CREDIT }));
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
export function pay(billing: Billing, purchase: Awaited<ReturnType<typeof buy>>) {
  billing.fake.completeCheckout(purchase.sessionId, 'pay');
  const [completed] = purchase.events('checkout.session.completed');
  if (completed?.type !== 'checkout.session.completed') throw new Error('no event');
  return { completed, intent: String(completed.data.object.payment_intent) };
}

/** A purchase and the account it is for. */
export async function stateOf({ purchaseId, organizationId }: { purchaseId: string; organizationId: string }) {
  const { status, refundedCents, disputedCents, clawedMicro, owedMicro, paidAt } =
    await db().purchase.findUniqueOrThrow({ where: { id: purchaseId } });
  const { monthly, bonus, owed } = await db().creditBalance.findUniqueOrThrow({ where: { organizationId } });
  const grants = await db().creditEntry.count({ where: { organizationId, kind: 'topup_purchase' } });
  const facts = { status, paid: paidAt !== null, refundedCents, disputedCents, clawedMicro, owedMicro };
  return { ...facts, monthly, bonus, owed, grants };
}

/** Uses up credits, monthly first. */
export async function spend(organizationId: string, amount: bigint) {
  const { holdId } = await reserve(db(), { organizationId, amount, idempotencyKey: newId(), ttlMs: 60_000 });
  await settle(db(), { organizationId, holdId, actual: amount });
}

type Account = Awaited<ReturnType<typeof seedOrganization>>;

/** Events of this organization's customer that were not seen before. */
function newEvents(billing: Billing, seen: Set<string>, customer: string): Stripe.Event[] {
  const fresh = billing.fake
    .events()
    .filter(({ id, data }) => !seen.has(id) && 'customer' in data.object && data.object.customer === customer);
  for (const { id } of fresh) seen.add(id);
  return fresh;
}

export const sessionIdOf = (url: string | null) => /(cs_[A-Za-z0-9_]+)/.exec(url ?? '')?.[1] ?? '';

/** An organization that paid for a plan on Stripe's page; nothing is delivered yet. */
export async function subscribe(billing: Billing, planId: 'pro' | 'team') {
  const account = await seedOrganization(database(), { monthlyMicro: 10n * CREDIT });
  await signedUpTenDaysAgo(account);
  const { outcome, url } = await changePlan({ ...account, planId });
  if (outcome !== 'checkout') throw new Error(`the change of plan was ${outcome}`);
  const { customer } = await rowOf(account);
  const seen = new Set<string>();
  billing.fake.completeCheckout(sessionIdOf(url), 'pay');
  const [subscription] = (await billing.client.subscriptions.list({ customer })).data;
  if (subscription === undefined) throw new Error('no subscription');
  const events = () => newEvents(billing, seen, customer);
  const deliver = () => billing.deliverAll(events(), 4);
  return { ...account, customer, subscriptionId: subscription.id, events, deliver };
}

/** A subscriber whose renewal was declined, with its events delivered. `renewedAt`: when the unpaid period began. */
export async function subscribeUnpaid(billing: Billing) {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  const { periodEnd } = await periodOf(billing, account.subscriptionId);
  nextPeriod(billing, account.subscriptionId, periodEnd, { paymentFails: true });
  await account.deliver();
  return { ...account, renewedAt: periodEnd };
}

async function signedUpTenDaysAgo({ organizationId }: Account) {
  const data = { periodStart: new Date(Date.now() - 10 * DAY), periodEnd: new Date(Date.now() + 20 * DAY) };
  await db().organizationPlan.update({ where: { organizationId }, data });
  await db().creditBalance.update({ where: { organizationId }, data });
}

/** The organization's plan and balance. */
export async function rowOf({ organizationId }: Account) {
  const row = await db().organizationPlan.findUniqueOrThrow({ where: { organizationId } });
  const balance = await db().creditBalance.findUniqueOrThrow({ where: { organizationId } });
  return { ...row, customer: row.stripeCustomerId ?? '', monthly: balance.monthly, bonus: balance.bonus };
}

export async function periodOf(billing: Billing, subscriptionId: string) {
  const item = (await billing.client.subscriptions.retrieve(subscriptionId)).items.data[0];
  if (item === undefined) throw new Error('no item');
  return {
    periodStart: new Date(item.current_period_start * 1000),
    periodEnd: new Date(item.current_period_end * 1000),
  };
}

/** Lets Stripe renew (or end) the subscription and moves this application's clock there. */
export function nextPeriod(
  billing: Billing,
  subscriptionId: string,
  end: Date,
  options: { paymentFails?: boolean } = {},
) {
  setClockOffset(end.getTime() - Date.now() + 5_000);
  billing.fake.advancePeriod(subscriptionId, options);
}
