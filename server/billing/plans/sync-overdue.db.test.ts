import { afterAll, expect, it } from 'vitest';
import { setClockOffset } from '@/server/platform/clock';
import { database, db } from '@/server/platform/db';
import { billing } from '@/test/billing';
import { DAY, nextPeriod, rowOf, subscribe } from '@/test/billing-accounts';
import { changeAnswers } from '@/test/billing-harness';
import { seedOrganization } from '@/test/test-db';
import { syncOverdue } from './sync-overdue';

afterAll(() => setClockOffset(0));

/** An organization whose subscription is long overdue and cannot be read. */
async function stuck(number: number) {
  const { organizationId } = await seedOrganization(database());
  const customer = `cus_stuck_${number}`;
  const period = { periodStart: new Date(Date.now() - 40 * DAY), periodEnd: new Date(Date.now() - 10 * DAY) };
  const subscription = { stripeCustomerId: customer, stripeSubscriptionId: `sub_stuck_${number}` };
  await db().organizationPlan.update({ where: { organizationId }, data: { ...subscription, ...period } });
  await db().creditBalance.update({ where: { organizationId }, data: period });
}

it('more organizations that cannot be read than fit into a round do not keep another one waiting for ever', async () => {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  const before = await rowOf(account);
  nextPeriod(billing, account.subscriptionId, before.periodEnd);
  setClockOffset(before.periodEnd.getTime() - Date.now() + 3 * 3_600_000);
  for (let number = 0; number < 51; number++) await stuck(number);
  const proxy = await changeAnswers(billing.fake.url, '/v1/subscriptions?', (body) =>
    body.replace('resource_missing', 'not_today'),
  );
  // By chance it may not be its turn in the first round; that it is not in eight has a chance of 1 in 52 to the eighth.
  let synced = false;
  for (let round = 0; round < 8 && !synced; round++) {
    await syncOverdue(db());
    synced = (await rowOf(account)).periodEnd > before.periodEnd;
  }
  await proxy.close();
  expect(synced).toBe(true);
}, 60_000);
