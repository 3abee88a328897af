import { expect, type Page } from '@playwright/test';
import { test } from './money-test';
import { mutate, newAddress, shots, signIn, startExample, waitForStatus } from './support';

const qualityOf = (page: Page, name: string) => page.getByRole('radio', { name: new RegExp(`^${name}`) });

/** On the plan page, from the lock of a level to the plan that has it, and back to where one was. */
async function unlockEnhanced(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Unlock Enhanced' }).click();
  const denied = page.getByRole('dialog', { name: 'Your plan does not include this quality' });
  await expect(denied.getByRole('listitem').first()).toContainText('Upgrade to Pro');
  await shots(page, 'quality-denied');
  await denied.getByRole('link', { name: 'See Pro' }).click();
  await expect(page).toHaveURL(/\/settings\/billing\?plan=pro/);
  const terms = page.getByRole('dialog', { name: 'Upgrade to Pro' });
  await expect(terms).toContainText('Enhanced quality');
  await expect(terms).toContainText('490.00 more in this period, then 500.00 a month');
  await shots(page, 'upgrade-terms');
  await terms.getByRole('button', { name: /^(Upgrade to Pro|Go to payment)$/ }).click();
  await page.getByRole('link', { name: 'Back to where you were' }).click();
}

test('the free plan meets a locked quality, is led to the plan that has it, and back', async ({ page }) => {
  await signIn(page, newAddress('curious'));
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await page.goto(`/projects/${projectId}/plan`);
  await expect(qualityOf(page, 'Fast')).toBeChecked();
  for (const level of ['Enhanced', 'Premium']) await expect(qualityOf(page, level)).toBeDisabled();
  await expect(page.getByText('The Free plan does not include Enhanced quality.')).toBeVisible();
  await shots(page, 'quality-locked');
  // The interface only says what the procedure does.
  const wish = { projectId, quality: 'enhanced', modelRef: null };
  expect(await mutate(page, 'projects.setModel', wish)).toEqual({ status: 403, code: 'quality_not_allowed' });

  await unlockEnhanced(page);
  await expect(page).toHaveURL(new RegExp(`/projects/${projectId}/plan$`));
  await expect(qualityOf(page, 'Enhanced')).toBeEnabled();
  await expect(qualityOf(page, 'Premium')).toBeDisabled();
  await qualityOf(page, 'Enhanced').click();
  await expect(page.getByText('Quality changed.')).toBeVisible();
  await page.reload();
  await expect(qualityOf(page, 'Enhanced')).toBeChecked();
  await shots(page, 'quality-unlocked');
});
