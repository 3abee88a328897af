import { type Browser, test as base, expect, type Page } from '@playwright/test';
import { lend } from './money-test';
import { type OwnServer, ownServer } from './own-server';
import { expectAccessible, newAddress, shots, signIn } from './support';

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
  await signIn(elsewhere, newAddress('somebody-else'));
  await letters.getByRole('link', { name: 'Sign in' }).first().click();
  await page.waitForURL('**/projects');
  await elsewhere.context().close();
});

test('too many sign-in links from one network: it waits, other networks do not, and the addresses are not used up', async ({
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
  await signIn(neighbour, email);
  for (const open of [page, liar, neighbour]) await open.context().close();
});
