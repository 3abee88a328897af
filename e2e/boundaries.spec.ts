import { expect, type Page, test } from '@playwright/test';
import { expectAccessible, newAddress, query, shots, signIn, startExample, waitForStatus } from './support';

declare global {
  interface Window {
    mendBrowser: () => void;
  }
}

/** A browser in which a part of the page throws, on every page opened from here on, until the page calls `mendBrowser`. */
async function breakBrowser(page: Page, name: 'ResizeObserver' | 'matchMedia'): Promise<void> {
  await page.addInitScript((broken) => {
    const working: unknown = Reflect.get(window, broken);
    Reflect.set(window, broken, () => {
      throw new Error(`${broken} is broken`);
    });
    window.mendBrowser = () => void Reflect.set(window, broken, working);
  }, name);
}

const mend = (page: Page) => page.evaluate(() => window.mendBrowser());

test('a part of the workspace that fails says so inside the frame that still stands, and comes back', async ({
  page,
}) => {
  await signIn(page, newAddress('unlucky'));
  // What it spent is drawn as a chart, which asks for the size of its box.
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await breakBrowser(page, 'ResizeObserver');
  await page.goto('/credits');
  await expect(page.getByText('This page could not be shown')).toBeVisible();
  await expect(page.getByText('Your work is safe')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Credits:/ })).toBeVisible();
  await expectAccessible(page);
  await shots(page, 'part-error');
  await mend(page);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'Credits', exact: true }).first()).toBeVisible();
  await expect(page.getByText('This page could not be shown')).toHaveCount(0);
});

test('where even the frame of all pages fails, a page without it says so and leads back', async ({ page }) => {
  await breakBrowser(page, 'matchMedia');
  await page.goto('/pricing');
  await expect(page.getByRole('heading', { name: 'Plumbline could not be shown' })).toBeVisible();
  await shots(page, 'global-error');
  await mend(page);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Plumbline could not be shown');
});

/** Live streams of a project that stay open until they are closed. */
async function openStreams(page: Page, projectId: string, count: number): Promise<() => void> {
  const cookies = await page.context().cookies();
  const input = encodeURIComponent(JSON.stringify({ json: { projectId, lastEventId: '0' } }));
  const url = new URL(`/api/trpc/runs.events?input=${input}`, page.url());
  const controller = new AbortController();
  const opened = await Promise.all(
    Array.from({ length: count }, () =>
      fetch(url, {
        signal: controller.signal,
        headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
      }),
    ),
  );
  expect(opened.map(({ status }) => status)).toEqual(opened.map(() => 200));
  return () => controller.abort();
}

test('a page whose stream the server refuses says so, and is live again once others are closed', async ({ page }) => {
  await signIn(page, newAddress('many-tabs'));
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await page.goto('/projects');
  // The stream of the page that was left may end a moment later.
  let close: () => void = () => undefined;
  await expect(async () => {
    close();
    close = await openStreams(page, projectId, 20);
  }).toPass();
  await page.goto(`/projects/${projectId}`);
  const callout = page.getByText('Changes do not arrive by themselves now');
  await expect(callout).toBeVisible();
  await expectAccessible(page);
  await shots(page, 'refused-stream');
  close();
  await expect(callout).toHaveCount(0);
});

test('earlier messages are shown above, and what is read stays in its place', async ({ page }) => {
  await signIn(page, newAddress('talker'));
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  const { planVersion, quote } = await query<{ planVersion: number; quote: { p90Micro: string } }>(
    page,
    'projects.get',
    { projectId },
  );
  const call = (path: string, input: object, meta?: object) =>
    page.request.post(`/api/trpc/${path}`, { data: { json: { projectId, ...input }, ...(meta ? { meta } : {}) } });
  const approved = await call(
    'plan.approve',
    { version: planVersion, budgetMicro: null, atMostMicro: quote.p90Micro },
    { values: { atMostMicro: ['bigint'] } },
  );
  expect(approved.status()).toBe(200);
  expect((await call('runs.pause', {})).status()).toBe(200);
  await waitForStatus(page, projectId, 'paused');
  for (let note = 1; note <= 205; note++)
    expect((await call('chat.send', { text: `Note number ${note}.` })).status()).toBe(200);

  await page.goto(`/projects/${projectId}`);
  const log = page.getByRole('log');
  await expect(log.getByText('Note number 205.')).toBeVisible();
  await expect(log.getByText('Note number 1.', { exact: true })).toHaveCount(0);
  const earlier = page.getByRole('button', { name: 'Show earlier messages' });
  await earlier.scrollIntoViewIfNeeded();
  const anchor = log.getByText(/^Note number \d+\.$/).nth(2);
  const words = await anchor.textContent();
  const before = await anchor.boundingBox();
  await earlier.click();
  await expect(log.getByText('Note number 1.', { exact: true })).toBeAttached();
  await expect(earlier).toHaveCount(0);
  const same = log.getByText(words ?? '', { exact: true });
  await expect.poll(async () => Math.round(((await same.boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBe(0);
  await shots(page, 'earlier-messages');
});
