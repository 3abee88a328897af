import { type Browser, test as base, expect, type Page } from '@playwright/test';
import { lend } from './money-test';
import { type OwnServer, ownServer } from './own-server';
import { expectAccessible, newAddress, shots, useLetter } from './support';

/** As the product promises it: so many links to one address and from one network in a quarter of an hour. */
const LINKS_PER_ADDRESS = 5;
const LINKS_PER_NETWORK = 30;
const QUARTER_SECONDS = 900;

/** A server behind one proxy: who asks is told by the header that the proxy writes. */
const test = base.extend<object, { server: OwnServer }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are wanted
    async ({}, use) => lend(await ownServer({ TRUSTED_PROXIES: '1' }), use),
    { scope: 'worker' },
  ],
  baseURL: ({ server }, use) => use(server.url),
});

/** A browser whose requests come from this network address. */
async function browserFrom(browser: Browser, server: OwnServer, address: string): Promise<Page> {
  const context = await browser.newContext({
    baseURL: server.url,
    extraHTTPHeaders: { 'x-forwarded-for': address },
  });
  return context.newPage();
}

/** Asks for a link as the page does (`json`) or as a form without scripts does. */
async function askForLink(page: Page, email: string, how: 'json' | 'form' = 'json') {
  const csrf = await page.request.get('/api/auth/csrf');
  const { csrfToken } = (await csrf.json()) as { csrfToken: string };
  return page.request.post('/api/auth/signin/email', {
    form: { email, csrfToken, callbackUrl: '/projects', ...(how === 'json' ? { json: 'true' } : {}) },
    maxRedirects: 0,
  });
}

async function askInThePage(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
}

/** Signs in on a browser behind the proxy; the letter is read on the server's own machine, the only one to show it. */
async function signInBehindProxy(page: Page, desk: Page, email: string): Promise<void> {
  await askInThePage(page, email);
  await page.waitForURL('**/verify-request');
  expect((await page.goto('/mailbox'))?.status()).toBe(404);
  await desk.goto('/mailbox');
  const link = desk.getByRole('listitem').filter({ hasText: email }).getByRole('link', { name: 'Sign in' }).first();
  await page.goto((await link.getAttribute('href')) ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/projects');
}

/** The page says that it were too many, and when to try again; the server says so to programs. */
async function expectRefused(page: Page, email: string): Promise<void> {
  await askInThePage(page, email);
  const alert = page.getByRole('alert').filter({ hasText: 'Too many links' });
  await expect(alert).toContainText('try again in 15 minutes');
  await expect(page).toHaveURL(/\/sign-in/);
  // One may correct the address and go on from here.
  await expect(page.getByRole('button', { name: 'Send me a link' })).toBeEnabled();
  await expectAccessible(page);
  const refused = await askForLink(page, email);
  expect(refused.status()).toBe(429);
  const wait = Number(refused.headers()['retry-after']);
  expect(wait).toBeGreaterThan(QUARTER_SECONDS / 2);
  expect(wait).toBeLessThanOrEqual(QUARTER_SECONDS);
}

test('too many sign-in links to one address: the page says when to try again, the last link works, other people sign in', async ({
  page,
  browser,
  server,
}) => {
  const email = newAddress('impatient');
  for (let i = 0; i < LINKS_PER_ADDRESS; i++) {
    await askInThePage(page, email);
    await page.waitForURL('**/verify-request');
  }
  await expectRefused(page, email);
  await shots(page, 'too-many-links');
  // However it is written, and from wherever it is asked for.
  const elsewhere = await browserFrom(browser, server, '203.0.113.40');
  expect((await askForLink(elsewhere, email.toUpperCase())).status()).toBe(429);
  // A form without scripts is led back to the page, which says the same.
  const { location = '' } = (await askForLink(page, email, 'form')).headers();
  await page.goto(location);
  await expect(page.getByRole('alert').filter({ hasText: 'Too many links' })).toBeVisible();

  await page.goto('/mailbox');
  const letters = page.getByRole('listitem').filter({ hasText: email });
  await expect(letters).toHaveCount(LINKS_PER_ADDRESS);
  await signInBehindProxy(elsewhere, page, newAddress('somebody-else'));
  // An older letter's link ended when the newest was asked for, and trying it ends nothing.
  await page.goto('/mailbox');
  await letters.getByRole('link', { name: 'Sign in' }).nth(1).click();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'not valid any more' })).toBeVisible();
  await useLetter(page, email);
  await page.waitForURL('**/projects');
  await elsewhere.context().close();
});

test('a link that a mail scanner has opened still works, and another site cannot press its button', async ({
  page,
  browser,
}) => {
  const email = newAddress('scanned');
  await askInThePage(page, email);
  await page.waitForURL('**/verify-request');
  await page.goto('/mailbox');
  const letter = page.getByRole('listitem').filter({ hasText: email });
  const href = (await letter.getByRole('link', { name: 'Sign in' }).first().getAttribute('href')) ?? '';
  const { search } = new URL(href);
  // Old letters carry next-auth's own address.
  for (const path of [href, `/api/auth/callback/email${search}`]) {
    expect((await page.request.get(path)).status()).toBe(200);
    expect((await page.request.head(path)).status()).toBe(200);
  }
  for (const headers of [{}, { origin: 'https://evil.example' }] as Record<string, string>[])
    expect(
      (await page.request.post(`/api/auth/callback/email${search}`, { form: {}, headers, maxRedirects: 0 })).status(),
    ).toBe(403);
  // A browser without scripts has the button too.
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const reader = await plain.newPage();
  await reader.goto(href);
  await expect(reader.getByText(`signs you in as ${email}`)).toBeVisible();
  await reader.getByRole('button', { name: 'Sign in' }).click();
  await reader.waitForURL('**/projects');
  await plain.close();
  await page.goto(href);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'not valid any more' })).toBeVisible();
});

test('too many sign-in links from one network: it waits, other networks do not, and the addresses are not used up', async ({
  page: desk,
  browser,
  server,
}) => {
  const page = await browserFrom(browser, server, '203.0.113.7');
  const asked = newAddress('flooded');
  for (let i = 0; i < LINKS_PER_NETWORK; i++)
    expect((await askForLink(page, i === 0 ? asked : newAddress(`flooded-${i}`))).status()).toBe(200);
  const email = newAddress('bystander');
  await expectRefused(page, email);
  // What the asker claims in front of the entry of the proxy changes nothing.
  const liar = await browserFrom(browser, server, '198.51.100.1, 203.0.113.7');
  expect((await askForLink(liar, email)).status()).toBe(429);

  const neighbour = await browserFrom(browser, server, '203.0.113.8');
  await signInBehindProxy(neighbour, desk, email);
  for (const open of [page, liar, neighbour]) await open.context().close();
});
