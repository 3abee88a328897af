import { expect, type Locator, type Page } from '@playwright/test';
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
  const check = async (on: Page, name: string, opener?: Locator) => {
    await expect(on.getByRole('dialog')).toBeVisible();
    await expect(on.locator('.animate-pulse')).toHaveCount(0);
    await expectAccessible(on);
    await expectNoOverflow(on);
    await shots(on, `dialog-${name}`);
    await on.setViewportSize({ width: 390, height: 844 });
    await on.keyboard.press('Escape');
    await expect(on.getByRole('dialog')).toHaveCount(0);
    if (opener !== undefined) await expect(opener).toBeFocused();
  };
  await page.goto('/credits?topup=1');
  await check(page, 'topup');
  const widget = page.getByRole('button', { name: /^Credits: / });
  await widget.click();
  await check(page, 'balance', widget);
  await widget.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Add credits' }).click();
  await check(page, 'topup-from-the-header', widget);
  await page.goto('/settings/billing?plan=pro');
  await check(page, 'upgrade');
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await page.goto(`/projects/${projectId}/plan`);
  const unlock = page.getByRole('button', { name: 'Unlock Premium' });
  await unlock.click();
  await check(page, 'locked', unlock);
  await page.goto(`/projects/${projectId}/settings`);
  await page.getByLabel('Budget in credits').fill('1000001');
  await page.getByRole('button', { name: 'Save budget' }).click();
  await expect(page.getByRole('alert').getByText('At most 1,000,000.00 credits.')).toBeVisible();

  const operator = await another(browser, baseURL, OPERATORS[1]);
  await operator.setViewportSize({ width: 390, height: 844 });
  await operator.goto('/operator/organizations');
  const adjust = operator.getByRole('button', { name: /^Adjust/ }).first();
  await adjust.click();
  await check(operator, 'adjust', adjust);
  await operator.goto('/operator/models');
  await operator.getByRole('button', { name: /^Demo model \(offline/ }).click();
  const newPrice = operator.getByRole('button', { name: 'New price' });
  await newPrice.click();
  await operator.getByLabel('Input', { exact: true }).fill('1');
  await operator.getByRole('button', { name: 'Continue' }).click();
  await expect(operator.getByRole('button', { name: 'Back' })).toBeVisible();
  // Its second step took the place of the first.
  await check(operator, 'price', newPrice);
  await operator.goto('/operator/offers');
  await operator.getByRole('button', { name: 'Add a package' }).click();
  await operator.getByLabel('Name').fill('x'.repeat(41));
  await operator.getByRole('button', { name: 'Add package' }).click();
  await expect(operator.getByRole('alert').getByText('At most 40 characters.')).toBeVisible();
  await operator.context().close();
});

test('a day is typed into the history’s filter part by part', async ({ page }) => {
  await signIn(page, newAddress('typist'));
  await page.goto('/credits');
  const from = page.getByLabel('From', { exact: true });
  await from.focus();
  await page.keyboard.type('11212026');
  await expect(from).toHaveValue('2026-11-21');
  await expect(page).toHaveURL(/[?&]from=2026-11-21$/);
  // Over what stands there, too.
  await from.blur();
  await from.focus();
  await page.keyboard.type('01022025');
  await expect(from).toHaveValue('2025-01-02');
  await expect(page).toHaveURL(/[?&]from=2025-01-02$/);
  // Emptied, it counts when it is left.
  await page.keyboard.press('Backspace');
  await from.blur();
  await expect(page).toHaveURL(/credits$/);
  await from.fill('2026-11-21');
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(from).toHaveValue('');
  await expect(page).toHaveURL(/credits$/);
});

test('a team with a name without a space fits a phone, and is told what the free plan gives it', async ({ page }) => {
  await signIn(page, newAddress('wordy'));
  await page.goto('/settings/organization');
  await page.getByLabel('Team name').fill('M'.repeat(80));
  await page.getByRole('button', { name: 'Create team' }).click();
  await page.waitForURL('**/settings/members');
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['/credits', '/settings/billing']) {
    await page.goto(path);
    await expect(page.getByRole('main').getByText('M'.repeat(80)).first()).toBeVisible();
    await expectNoOverflow(page);
  }
  await page.goto('/pricing');
  const free = page.getByRole('listitem').filter({ hasText: 'your plan' });
  await expect(free).toContainText('No monthly credits for a team');
  await expect(free).not.toContainText('welcome credits');
});
