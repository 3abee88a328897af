import { expect, type Page, test } from '@playwright/test';
import { approve, newAddress, signIn, startExample, waitForStatus } from './support';

/** What the page's policy kept from running or loading, as the browser tells it. */
function violations(page: Page): string[] {
  const found: string[] = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) found.push(message.text());
  });
  return found;
}

test('every page works under a policy with a nonce of its own', async ({ page }) => {
  const found = violations(page);
  for (const path of ['/', '/pricing', '/no-such-page']) {
    const policies: string[] = [];
    for (let visit = 0; visit < 2; visit++) {
      const response = await page.goto(path);
      policies.push(response?.headers()['content-security-policy'] ?? '');
      await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    }
    expect(policies[0]).toMatch(/script-src [^;]*'nonce-[\w+/=]{20,}'/);
    expect(policies[0]).not.toMatch(/script-src [^;]*'unsafe-inline'/);
    expect(policies[0]).toContain("base-uri 'none'");
    expect(policies[0]).not.toBe(policies[1]);
  }
  await signIn(page, newAddress('policy'));
  const projectId = await startExample(page, 'CSV to JSON');
  await page.getByRole('button', { name: 'Skip questions' }).click({ timeout: 60_000 });
  await approve(page, projectId);
  await waitForStatus(page, projectId, 'completed');
  for (const path of ['', '/plan', '/run', '/files', '/search', '/settings'].map(
    (tab) => `/projects/${projectId}${tab}`,
  )) {
    await page.goto(path);
    await expect(page.locator('.animate-pulse, [aria-busy="true"]')).toHaveCount(0);
  }
  for (const path of ['/projects', '/credits', '/settings/account', '/settings/billing', '/settings/keys']) {
    const response = await page.goto(path);
    expect(response?.headers()['cache-control']).toContain('no-store');
    await expect(page.locator('.animate-pulse, [aria-busy="true"]')).toHaveCount(0);
  }
  // A menu and a dialog put styles and focus traps into the page.
  await page.keyboard.press('ControlOrMeta+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  expect(found).toEqual([]);
});

test('what gets into a page as HTML runs nothing', async ({ page }) => {
  const found = violations(page);
  const injected = `<base href="https://evil.example/"><script>document.title = 'script ran'</script>
    <script src="/api/health"></script><img src="/nothing" onerror="document.title = 'handler ran'">
    <a id="injected" href="javascript:document.title = 'link ran'">x</a>`;
  // As if the server had written what somebody sent into the page.
  await page.route('**/sign-in', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/<body[^>]*>/, (body) => body + injected) });
  });
  await page.goto('/sign-in');
  await expect.poll(() => found.length).toBeGreaterThanOrEqual(4);
  await page.evaluate(() => document.getElementById('injected')?.click());
  await expect
    .poll(() => found.filter((text) => /javascript|navigate|url/i.test(text)).length)
    .toBeGreaterThanOrEqual(1);
  expect(await page.evaluate(() => document.baseURI)).not.toContain('evil');
  expect(await page.title()).not.toContain('ran');
});

test('a body that is too long or nested too deeply is refused on every route, and the server goes on', async ({
  page,
}) => {
  await signIn(page, newAddress('big'));
  for (const path of [
    '/api/trpc/projects.create',
    '/api/auth/signin/email',
    '/api/stripe/webhook',
    '/api/organization',
    '/projects/new',
    '/',
  ]) {
    for (const contentType of ['application/json', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded']) {
      const send = (data: string) =>
        page.request.post(path, { data: Buffer.from(data), headers: { 'content-type': contentType } });
      expect([path, contentType, (await send('x'.repeat(1_000_001))).status()]).toEqual([path, contentType, 413]);
      expect([path, contentType, (await send('['.repeat(999_999))).status()]).toEqual([path, contentType, 400]);
    }
  }
  expect((await page.request.get('/api/ready')).status()).toBe(200);
});
