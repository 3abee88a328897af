import { expect, type Page } from '@playwright/test';
import { test } from './money-test';
import {
  another,
  approve,
  expectAccessible,
  expectGoodScreens,
  expectNoOverflow,
  newAddress,
  OPERATORS,
  query,
  shots,
  signIn,
  startExample,
  waitForStatus,
} from './support';

interface History {
  entries: { id: string; kind: string }[];
}

/** Orders the first package; the browser stays on its payment page. @returns that page's path. */
async function order(page: Page): Promise<string> {
  await page.goto('/credits');
  await page.getByRole('main').getByRole('button', { name: 'Add credits' }).click();
  await page.getByRole('button', { name: 'Buy for 9.99 USD' }).click();
  await page.waitForURL('**/checkout/mock/**');
  return new URL(page.url()).pathname;
}

test('every screen about money is accessible and works at phone width, light and dark', async ({ page }) => {
  test.setTimeout(300_000);
  await signIn(page, OPERATORS[1]);
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await approve(page, projectId);
  await order(page);
  await page.getByRole('button', { name: 'Pay 9.99 USD' }).click();
  await page.waitForURL('**/checkout/success?**');
  const success = page.url();
  const open = await order(page);
  await waitForStatus(page, projectId, 'completed');
  const { entries } = await query<History>(page, 'credits.history', {});
  const receiptOf = (wanted: string) => `/credits/${entries.find(({ kind }) => kind === wanted)?.id}`;
  await expectGoodScreens(page, [
    '/pricing',
    '/credits',
    receiptOf('usage'),
    receiptOf('topup_purchase'),
    '/settings/billing',
    ...['organization', 'members', 'keys', 'account'].map((name) => `/settings/${name}`),
    ...['', '/organizations', '/models', '/offers'].map((name) => `/operator${name}`),
    open,
    new URL(success).pathname + new URL(success).search,
    `/checkout/cancelled?plan=pro`,
    `/projects/${projectId}/settings`,
  ]);
});

test('the dialogs about money are accessible and fit a phone', async ({ page, browser, baseURL }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const email = newAddress('thumb');
  await signIn(page, email);
  const check = async (on: Page, name: string) => {
    await expect(on.getByRole('dialog')).toBeVisible();
    await expect(on.locator('.animate-pulse')).toHaveCount(0);
    await expectAccessible(on);
    await expectNoOverflow(on);
    await shots(on, `dialog-${name}`);
    await on.setViewportSize({ width: 390, height: 844 });
    await on.keyboard.press('Escape');
    await expect(on.getByRole('dialog')).toHaveCount(0);
  };
  await page.goto('/credits?topup=1');
  await check(page, 'topup');
  await page.getByRole('button', { name: /^Credits: / }).click();
  await check(page, 'balance');
  await page.goto('/settings/billing?plan=pro');
  await check(page, 'upgrade');
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await page.goto(`/projects/${projectId}/plan`);
  await page.getByRole('button', { name: 'Unlock Premium' }).click();
  await check(page, 'locked');

  const operator = await another(browser, baseURL, OPERATORS[1]);
  await operator.setViewportSize({ width: 390, height: 844 });
  await operator.goto('/operator/organizations');
  await operator
    .getByRole('button', { name: /^Adjust/ })
    .first()
    .click();
  await check(operator, 'adjust');
  await operator.goto('/operator/models');
  await operator.getByRole('button', { name: /^Demo model/ }).click();
  await operator.getByRole('button', { name: 'New price' }).click();
  await check(operator, 'price');
  await operator.context().close();
});
