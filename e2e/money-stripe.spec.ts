import { expect, type Page } from '@playwright/test';
import { z } from 'zod';
import { type FakeStripe, startFakeStripe } from '@/test/fake-stripe/server';
import { lend, test as moneyTest } from './money-test';
import { ownServer } from './own-server';
import { expectToSpend, newAddress, query, shots, signIn } from './support';

/** The same with the fake Stripe instead of local test payments; in the beginning it delivers at once. */
const test = moneyTest.extend<object, { stripe: FakeStripe }>({
  stripe: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are wanted
    async ({}, use) => {
      const stripe = await startFakeStripe({ retryDelaysMs: [200, 200, 200] });
      await use(stripe);
      await stripe.close();
    },
    { scope: 'worker' },
  ],
  server: [
    async ({ stripe }, use) => {
      const server = await ownServer({
        STRIPE_SECRET_KEY: stripe.secretKey,
        STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
        STRIPE_API_BASE: stripe.url,
      });
      stripe.setWebhookUrl(`${server.url}/api/stripe/webhook`);
      await lend(server, use);
    },
    { scope: 'worker' },
  ],
});

const subscriptionSchema = z.object({ id: z.string(), customer: z.string() });

interface History {
  entries: { kind: string; amount: string }[];
}

const topups = async (page: Page) =>
  (await query<History>(page, 'credits.history', {})).entries.filter(({ kind }) => kind === 'topup_purchase');

/** From the credits page to the payment page of a package, which is Stripe's. */
async function orderStarter(page: Page): Promise<void> {
  await page.goto('/credits');
  await page.getByRole('main').getByRole('button', { name: 'Add credits' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add credits' });
  await expect(dialog).toContainText('You pay on Stripe’s page.');
  await dialog.getByRole('button', { name: 'Buy for 9.99 USD' }).click();
  await page.waitForURL(/\/c\/pay\//);
  await expect(page.getByRole('row', { name: /Total/ })).toContainText('9.99');
}

test('a package is paid on the page of Stripe: what was cancelled or declined is not credited, what was paid is', async ({
  page,
}) => {
  await signIn(page, newAddress('payer'));
  await orderStarter(page);
  await page.getByRole('button', { name: 'Decline' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(/\/checkout\/cancelled\?purchase=/);
  await expect(page.getByText('Nothing was charged')).toBeVisible();
  await shots(page, 'stripe-cancelled');
  await page.getByRole('link', { name: 'Go back to the payment page' }).click();
  await page.waitForURL(/\/c\/pay\//);
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
  await page.waitForURL(/\/checkout\/success\?purchase=/);
  await expect(page.getByText('The credits are in your account')).toBeVisible();
  await expectToSpend(page, '120.00');
  expect(await topups(page)).toMatchObject([{ amount: '100000000' }]);

  await page.goto('/settings/billing');
  await expect(page.getByRole('table', { name: 'Purchases, newest first' })).toContainText('paid');
  const invoices = page.getByRole('table', { name: 'Invoices, newest first' });
  await expect(invoices.getByRole('row').filter({ hasText: '9.99 USD' })).toBeVisible();
  await shots(page, 'stripe-billing');
  await page.getByRole('button', { name: 'Update payment method' }).click();
  await page.waitForURL(/\/p\/session\//);
});

test('a webhook that comes late and twice: the page waits for it, and it credits once', async ({ page, stripe }) => {
  await signIn(page, newAddress('patient'));
  await orderStarter(page);
  stripe.pauseDelivery();
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
  await page.waitForURL(/\/checkout\/success\?purchase=/);
  await expect(page.getByText('Waiting for the confirmation of the payment')).toBeVisible();
  await shots(page, 'stripe-pending');
  await expect.poll(() => stripe.heldBack().map(({ type }) => type)).toContain('checkout.session.completed');
  // Coming back to the page, paid and unconfirmed, changes nothing.
  await page.reload();
  await expect(page.getByText('Waiting for the confirmation of the payment')).toBeVisible();
  await expectToSpend(page, '20.00');
  expect(await topups(page)).toEqual([]);

  // Everything twice, the newest first.
  const held = stripe.heldBack();
  const completed = held.find(({ type }) => type === 'checkout.session.completed');
  stripe.setDelivery({ copies: 2 });
  stripe.resumeDelivery('reversed');
  await expect(page.getByText('The credits are in your account')).toBeVisible();
  await expectToSpend(page, '120.00');
  await stripe.idle();
  stripe.setDelivery({ copies: 1 });
  // And once more, long after.
  expect((await stripe.deliver(completed?.id ?? '')).status).toBe(200);
  const tries = stripe.deliveries().filter(({ eventId }) => eventId === completed?.id);
  expect(tries.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await topups(page)).toMatchObject([{ amount: '100000000' }]);
  await page.reload();
  await expectToSpend(page, '120.00');
});

test('a plan is paid by subscription: it waits for the webhook, a declined card changes nothing, a cancelled one ends', async ({
  page,
  stripe,
}) => {
  await signIn(page, newAddress('subscriber'));
  const plans = page.getByRole('list', { name: 'Plans' });
  await page.goto('/settings/billing');
  stripe.pauseDelivery();
  await plans.getByRole('button', { name: 'Upgrade to Pro' }).click();
  await expect(page.getByRole('dialog')).toContainText('29.00 USD, on the payment page');
  await page.getByRole('button', { name: 'Go to payment' }).click();
  await page.waitForURL(/\/c\/pay\//);
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
  await page.waitForURL(/\/checkout\/success\?plan=pro/);
  await expect(page.getByText('Waiting for the confirmation of the plan')).toBeVisible();
  await expectToSpend(page, '20.00');
  stripe.resumeDelivery('reversed');
  await expect(page.getByText('You are on the Pro plan')).toBeVisible();
  // 500 a month instead of 10, and 25 to welcome.
  await expectToSpend(page, '535.00');

  const [created] = stripe.events('customer.subscription.created');
  const subscription = subscriptionSchema.parse(created?.data.object);
  stripe.setCard(subscription.customer, 'declines');
  await page.goto('/settings/billing');
  await plans.getByRole('button', { name: 'Upgrade to Team' }).click();
  const dialog = page.getByRole('dialog', { name: 'Upgrade to Team' });
  await dialog.getByRole('button', { name: 'Upgrade to Team' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The plan was not changed');
  await expect(dialog.getByRole('button', { name: 'Update payment method' })).toBeVisible();
  await shots(page, 'stripe-declined');
  stripe.setCard(subscription.customer, 'works');
  await dialog.getByRole('button', { name: 'Upgrade to Team' }).click();
  await expect(page.getByText('You are on the Team plan')).toBeVisible();
  await expectToSpend(page, '2,085.00');

  await plans.getByRole('button', { name: 'Cancel the subscription' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Cancel on/ })
    .click();
  await expect(page.getByText(/^Changes to Free on/)).toBeVisible();
  stripe.advancePeriod(subscription.id);
  await stripe.idle();
  await page.reload();
  await expect(plans.getByRole('listitem').first()).toContainText('current');
  // The free plan's 10; the 85 that were given to welcome stay.
  await expectToSpend(page, '95.00');
  await shots(page, 'stripe-ended');
});
