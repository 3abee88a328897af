import { expect, type Page } from '@playwright/test';
import { test } from './money-test';
import { another, newAddress, OPERATORS, query, shots, signIn, startExample, waitForStatus } from './support';

interface View {
  quote: { p50Micro: string; p90Micro: string };
}
interface History {
  entries: { id: string }[];
}
interface Receipt {
  entry: { amount: string };
  price: { effectiveFrom: string; inputPerMillion: string; outputPerMillion: string };
}

const DEMO = 'Demo model (offline)';

/** Writes a new price of the demo model, in dollars a million tokens, from now on. */
async function correctPrice(page: Page, price: { input: string; cached: string; output: string }): Promise<void> {
  await page.goto('/operator/models');
  await page.getByRole('button', { name: new RegExp(`^${DEMO.replaceAll(/[()]/g, '\\$&')}`) }).click();
  await page.getByRole('button', { name: 'New price' }).click();
  const dialog = page.getByRole('dialog', { name: `New price for ${DEMO}` });
  await dialog.getByLabel('Input', { exact: true }).fill(price.input);
  await dialog.getByLabel('Cached input').fill(price.cached);
  await dialog.getByLabel('Output', { exact: true }).fill(price.output);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(dialog.getByRole('table', { name: 'Old and new price' })).toContainText(price.input);
  await expect(dialog).toContainText('At once');
  await dialog.getByRole('button', { name: 'Add price' }).click();
  await expect(dialog).toHaveCount(0);
}

async function quotedProject(page: Page): Promise<{ projectId: string; p90: bigint }> {
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  const { quote } = await query<View>(page, 'projects.get', { projectId });
  return { projectId, p90: BigInt(quote.p90Micro) };
}

async function usageEntries(page: Page, projectId: string): Promise<string[]> {
  const { entries } = await query<History>(page, 'credits.history', { kind: 'usage', projectId });
  return entries.map(({ id }) => id);
}

test('the operator corrects a price: the next quote follows it, receipts keep the price they were made by', async ({
  page,
  browser,
  baseURL,
}) => {
  test.setTimeout(180_000);
  await signIn(page, newAddress('customer'));
  const before = await quotedProject(page);
  const [entryId = ''] = await usageEntries(page, before.projectId);
  const receipt = () => query<Receipt>(page, 'credits.receipt', { entryId });
  const old = await receipt();
  expect((await page.request.get('/operator')).status()).toBe(404);

  const operator = await another(browser, baseURL, OPERATORS[0]);
  await correctPrice(operator, { input: '0.3', cached: '0.075', output: '1.2' });
  const history = operator.getByRole('table', { name: `Prices of ${DEMO}, newest first` });
  await expect(history.getByRole('row').nth(1)).toContainText('current');
  await expect(history.getByRole('row').nth(2)).toContainText('past');
  await shots(operator, 'operator-price');

  const after = await quotedProject(page);
  // Three times the price: three times the quote, up to the micro-credits that each task rounds up.
  expect(after.p90 - before.p90 * 3n).toBeLessThanOrEqual(0n);
  expect(before.p90 * 3n - after.p90).toBeLessThan(100n);
  const [nextEntryId = ''] = await usageEntries(page, after.projectId);
  const next = await query<Receipt>(page, 'credits.receipt', { entryId: nextEntryId });
  expect(next.price).toMatchObject({ inputPerMillion: '300000000', outputPerMillion: '1200000000' });

  expect(await receipt()).toEqual(old);
  await page.goto(`/credits/${entryId}`);
  await expect(page.getByText(/Row of 1 Jan 2026/)).toBeVisible();
  await expect(page.getByText(/0\.10 USD\s+read/)).toBeVisible();
  await shots(page, 'receipt-old-price');

  // Back to what it was: another row, and quotes as before.
  await correctPrice(operator, { input: '0.1', cached: '0.025', output: '0.4' });
  expect((await quotedProject(page)).p90).toBe(before.p90);
  await operator.context().close();
});

test('the operator adjusts a balance with a reason, and has the ledger audited', async ({ page, browser, baseURL }) => {
  const email = newAddress('complainant');
  await signIn(page, email);
  const operator = await another(browser, baseURL, OPERATORS[0]);
  await operator.goto('/operator/organizations');
  await operator.getByRole('searchbox').fill(email);
  await operator.getByRole('button', { name: 'Search' }).click();
  const row = operator.getByRole('row').filter({ hasText: email });
  await row.getByRole('button', { name: /^Adjust/ }).click();
  const dialog = operator.getByRole('dialog');
  await dialog.getByLabel('Credits', { exact: true }).fill('12.5');
  await dialog.getByLabel('Reason').fill('The demo was slow last week');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await shots(operator, 'operator-adjust');
  await dialog.getByRole('button', { name: 'Give 12.50 credits' }).click();
  await expect(row).toContainText('22.50');
  await page.goto('/credits');
  await expect(page.getByRole('row').filter({ hasText: 'The demo was slow last week' })).toContainText('+12.50');

  await operator.goto('/operator');
  await operator.getByRole('button', { name: 'Run the audit now' }).click();
  await expect(operator.getByText('No difference in any organization')).toBeVisible();
  await shots(operator, 'operator-health');
  await operator.context().close();
});
