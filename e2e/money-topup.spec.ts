import { expect } from '@playwright/test';
import { test } from './money-test';
import { buildUntilOutOfCredits, LEFT_MICRO } from './run-out';
import { expectToSpend, newAddress, query, shots, signIn, waitForStatus } from './support';

interface Entries {
  entries: { id: string; kind: string; amount: string; balanceAfter: string }[];
}

test('a package is bought on the local checkout page: declined and cancelled ones change nothing, a paid one is credited once', async ({
  page,
}) => {
  await signIn(page, newAddress('buyer'));
  await page.goto('/credits');
  await expectToSpend(page, '20.00');
  await page.getByRole('main').getByRole('button', { name: 'Add credits' }).click();
  const packages = page.getByRole('dialog', { name: 'Add credits' }).getByRole('listitem');
  await expect(packages).toHaveText([/Starter/, /Popular/, /Power/]);
  await expect(packages.nth(1)).toContainText('popular');
  await expect(packages.nth(1)).toContainText('500.00 credits at 8.00 ¢ each');
  await shots(page, 'topup-dialog');

  await packages.filter({ hasText: 'Starter' }).getByRole('button', { name: 'Buy for 9.99 USD' }).click();
  await expect(page.getByText('Local test payment - no money moves')).toBeVisible();
  await shots(page, 'mock-checkout');
  await page.getByRole('button', { name: 'Try a card that is declined' }).click();
  await expect(page.getByText('The payment was declined')).toBeVisible();
  await expectToSpend(page, '20.00');
  const checkout = page.url();
  await page.getByRole('button', { name: 'Pay 9.99 USD' }).click();
  await expect(page).toHaveURL(/\/checkout\/success\?purchase=/);
  await expect(page.getByText('The credits are in your account')).toBeVisible();
  await expectToSpend(page, '120.00');
  await shots(page, 'checkout-success');

  // The payment page of a paid purchase takes no second payment, and the success page may be opened again.
  const success = page.url();
  await page.goto(checkout);
  await expect(page.getByRole('button', { name: /^Pay/ })).toHaveCount(0);
  await page.goto(success);
  await page.getByRole('link', { name: 'Back to where you were' }).click();
  await expect(page).toHaveURL(/\/credits$/);

  await page.getByRole('main').getByRole('button', { name: 'Add credits' }).click();
  await packages.filter({ hasText: 'Power' }).getByRole('button', { name: 'Buy for 129.99 USD' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page).toHaveURL(/\/checkout\/cancelled\?purchase=/);
  await expect(page.getByText('Nothing was charged')).toBeVisible();
  await shots(page, 'checkout-cancelled');

  const { entries } = await query<Entries>(page, 'credits.history', {});
  expect(entries.map(({ kind, amount }) => [kind, amount])).toEqual([
    ['topup_purchase', '100000000'],
    ['welcome_bonus', '10000000'],
    ['plan_allocation', '10000000'],
  ]);
  await page.goto('/credits');
  await page.getByRole('link', { name: /^Top-up/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Top-up' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('+100.000000');
  await shots(page, 'receipt-topup');
  await page.goto('/settings/billing');
  const purchases = page.getByRole('table', { name: 'Purchases, newest first' });
  await expect(purchases.getByRole('row').filter({ hasText: 'Starter' })).toContainText('paid');
  await expect(purchases.getByRole('row').filter({ hasText: 'Power' })).toContainText('not paid');
});

test('credits run out in mid-run: topping up leads back to the paused project, which resumes and completes', async ({
  page,
  server,
}) => {
  test.setTimeout(240_000);
  const email = newAddress('spender');
  const { projectId, designMicro } = await buildUntilOutOfCredits(page, server, email);

  await page.goto(`/projects/${projectId}`);
  await expect(page.getByText('Paused: out of credits').first()).toBeVisible();
  await page.getByRole('link', { name: 'Add credits' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Add credits' });
  await dialog.getByRole('button', { name: 'Buy for 9.99 USD' }).click();
  await page.getByRole('button', { name: 'Pay 9.99 USD' }).click();
  await expect(page.getByText('The credits are in your account')).toBeVisible();
  await page.getByRole('link', { name: 'Back to where you were' }).click();
  await expect(page).toHaveURL(new RegExp(`/projects/${projectId}$`));
  await expect(page.getByText('Enough credits again').first()).toBeVisible();
  await shots(page, 'topped-up');
  await page.getByRole('button', { name: 'Resume' }).first().click();
  await waitForStatus(page, projectId, 'completed');

  const view = await query<{ totals: { chargedMicro: string }; unlock: unknown }>(page, 'projects.get', { projectId });
  const { spendable: left } = await query<{ spendable: string }>(page, 'credits.balance', {});
  expect(BigInt(left)).toBe(LEFT_MICRO + 100_000_000n - (BigInt(view.totals.chargedMicro) - designMicro));
  expect(view.unlock).toBeNull();
});
