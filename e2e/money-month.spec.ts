import { expect, type Page } from '@playwright/test';
import { separateTest as test } from './money-test';
import {
  another,
  approve,
  expectToSpend,
  newAddress,
  OPERATORS,
  query,
  shots,
  signIn,
  startExample,
  waitForStatus,
} from './support';

interface History {
  entries: { id: string; kind: string; amount: string; balanceAfter: string }[];
}

const DAY_MS = 86_400_000;
const qualityOf = (page: Page, name: string) => page.getByRole('radio', { name: new RegExp(`^${name}`) });

test('upgrade, build at enhanced quality, downgrade, and the next month begins with the smaller plan', async ({
  page,
  browser,
  server,
}) => {
  test.setTimeout(240_000);
  const email = newAddress('planner');
  await signIn(page, email);
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await page.goto('/settings/billing');
  const plans = page.getByRole('list', { name: 'Plans' });
  await plans.getByRole('button', { name: 'Upgrade to Pro' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Upgrade to Pro' }).click();
  await expect(page.getByText('You are on the Pro plan')).toBeVisible();
  await page.goto(`/projects/${projectId}/plan`);
  await qualityOf(page, 'Enhanced').click();
  await expect(page.getByText('Quality changed.')).toBeVisible();
  await approve(page, projectId);
  await waitForStatus(page, projectId, 'completed');

  // What was built was built, and is receipted, at that quality.
  const { entries } = await query<History>(page, 'credits.history', { kind: 'usage' });
  await page.goto(`/credits/${entries[0]?.id}`);
  await expect(page.getByRole('list').getByText('enhanced', { exact: true })).toBeVisible();
  await shots(page, 'receipt-enhanced');

  await page.goto('/settings/billing');
  const scheduleDowngrade = async () => {
    await plans.getByRole('button', { name: 'Cancel the subscription' }).click();
    const terms = page.getByRole('dialog', { name: 'Cancel Pro' });
    await expect(terms).toContainText('Enhanced quality');
    await shots(page, 'downgrade-terms');
    await terms.getByRole('button', { name: /^Cancel on/ }).click();
    await expect(page.getByText(/^Changes to Free on/)).toBeVisible();
  };
  await scheduleDowngrade();
  await page.getByRole('button', { name: 'Undo, stay on Pro' }).click();
  await expect(page.getByText(/^Changes to Free on/)).toHaveCount(0);
  await scheduleDowngrade();
  await shots(page, 'downgrade-pending');
  // Until then nothing changes.
  await page.goto(`/projects/${projectId}/settings`);
  await expect(qualityOf(page, 'Enhanced')).toBeEnabled();
  const { monthly, bonus } = await query<{ monthly: string; bonus: string }>(page, 'credits.balance', {});
  expect(bonus).toBe('35000000');

  await server.stop();
  await server.start({ aheadMs: 32 * DAY_MS });
  const operator = await another(browser, server.url, OPERATORS[0]);
  await operator.goto('/operator');
  await operator.getByRole('button', { name: 'Run credits.reset now' }).click();
  const nextMonth = await another(browser, server.url, email);
  await expect
    .poll(async () => (await query<{ plan: { id: string } }>(nextMonth, 'billing.overview', {})).plan.id)
    .toBe('free');
  await nextMonth.goto('/credits');
  await expectToSpend(nextMonth, '45.00');
  await shots(nextMonth, 'next-month');
  const after = await query<History>(nextMonth, 'credits.history', {});
  expect(after.entries.slice(0, 2).map(({ kind, amount }) => [kind, amount])).toEqual([
    ['plan_allocation', '10000000'],
    ['expiry', `-${monthly}`],
  ]);
  // Run again, it has no second effect.
  await operator.getByRole('button', { name: 'Run credits.reset now' }).click();
  await expect(operator.getByRole('button', { name: 'Run credits.reset now' })).toBeEnabled();
  expect((await query<History>(nextMonth, 'credits.history', {})).entries).toEqual(after.entries);
  await nextMonth.goto('/settings/billing');
  await expect(nextMonth.getByRole('list', { name: 'Plans' }).getByRole('listitem').first()).toContainText('current');
  await nextMonth.goto(`/projects/${projectId}/settings`);
  await expect(nextMonth.getByRole('button', { name: 'Unlock Enhanced' })).toBeVisible();
  for (const open of [operator, nextMonth]) await open.context().close();
});
