import { expect, type Page } from '@playwright/test';
import { test } from './money-test';
import {
  expectAccessible,
  expectNoOverflow,
  mutate,
  newAddress,
  query,
  shots,
  signIn,
  startExample,
  useLetter,
} from './support';

/** As long as a name may be, without a place to break it. */
const LONG = 'Alpha'.repeat(16);

/** Makes a team and works in it. */
async function createTeam(page: Page, name: string): Promise<void> {
  await page.goto('/settings/organization');
  await page.getByLabel('Team name').last().fill(name);
  await page.getByRole('button', { name: 'Create team' }).click();
  await page.waitForURL('**/settings/members');
}

const chosen = (page: Page, name: string) => page.getByRole('button', { name: `Switch organization, now: ${name}` });

/** A further window of the same browser, which has read all it shows: it asks again only when somebody acts. */
async function windowAt(page: Page, path: string): Promise<Page> {
  const other = await page.context().newPage();
  await other.goto(path, { waitUntil: 'networkidle' });
  return other;
}

const dialogIn = (page: Page, now: string) => page.getByRole('dialog', { name: `You work in “${now}” now` });

interface Purchases {
  purchases: unknown[];
}

/** Of a person in the teams Alpha team and Beta: chooses one of them, as in some other window. */
async function chooser(page: Page): Promise<(name: string) => Promise<void>> {
  const { organizations } = await query<{ organizations: { id: string; name: string }[] }>(page, 'account.me', {});
  return async (name) => {
    const organizationId = organizations.find((organization) => organization.name === name)?.id;
    expect((await page.request.post('/api/organization', { data: { organizationId } })).status()).toBe(204);
  };
}

test('a window that shows one team changes nothing once another is chosen elsewhere: it says so and leads on', async ({
  page,
}) => {
  await signIn(page, newAddress('two-windows'));
  await createTeam(page, 'Beta');
  await createTeam(page, 'Alpha team');
  const choose = await chooser(page);

  const buying = await windowAt(page, '/credits');
  await buying.getByRole('main').getByRole('button', { name: 'Add credits' }).click();
  const buy = buying.getByRole('button', { name: 'Buy for 9.99 USD' });
  await expect(buy).toBeEnabled();
  await choose('Beta');
  await buy.click();
  await expect(dialogIn(buying, 'Beta')).toContainText('This tab still shows “Alpha team”. Nothing was changed');
  await expect(buying).toHaveURL(/\/credits$/);
  await shots(buying, 'organization-changed');
  await expectAccessible(buying);
  await buying.close();

  await choose('Alpha team');
  const creating = await windowAt(page, '/projects/new');
  const words = 'A tool that sorts the lines of a file and says how many there were.';
  await creating.getByLabel('What should it do?').fill(words);
  await choose('Beta');
  await creating.getByRole('button', { name: 'Create project' }).click();
  await expect(creating.getByText('This page shows “Alpha team”, but you work in “Beta” now.')).toBeVisible();
  await expect(creating.getByLabel('What should it do?')).toHaveValue(words);
  await creating.close();

  await choose('Alpha team');
  const settings = await windowAt(page, '/settings/organization');
  const name = settings.getByLabel('Team name').first();
  await expect(name).toHaveValue('Alpha team');
  await choose('Beta');
  await settings.getByRole('button', { name: 'Leave team' }).click();
  await settings.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(dialogIn(settings, 'Beta')).toBeVisible();
  // A dialog hears keys once it has the focus.
  await expect(dialogIn(settings, 'Beta').getByRole('button', { name: 'Close' })).toBeFocused();
  await settings.keyboard.press('Escape');
  await settings.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await name.fill('Renamed');
  await settings.getByRole('button', { name: 'Rename', exact: true }).click();
  await expect(dialogIn(settings, 'Beta')).toBeVisible();

  // Both teams are as they were, and the person is in both.
  const untouched = async (team: string) => {
    const me = await query<{ organization: { name: string }; organizations: unknown[] }>(page, 'account.me', {});
    expect([me.organization.name, me.organizations.length]).toEqual([team, 3]);
    expect((await query<Purchases>(page, 'billing.purchases', {})).purchases).toEqual([]);
    expect((await query<{ projects: unknown[] }>(page, 'projects.list', {})).projects).toEqual([]);
  };
  await untouched('Beta');
  // Going on in the team that the window shows keeps the place.
  await dialogIn(settings, 'Beta').getByRole('button', { name: 'Go on in Alpha team' }).click();
  await expect(chosen(settings, 'Alpha team')).toBeVisible();
  await expect(settings).toHaveURL(/\/settings\/organization$/);
  await untouched('Alpha team');
  const rename = settings.getByRole('button', { name: 'Rename', exact: true });
  await name.fill(LONG);
  await rename.click();
  await expect(chosen(settings, LONG)).toBeVisible();

  // Or on in the chosen one; said on a phone too.
  await choose('Beta');
  const behind = await windowAt(page, '/credits');
  await behind.setViewportSize({ width: 390, height: 844 });
  await expect(behind.getByRole('button', { name: /^Credits:/ })).toBeVisible();
  await choose('Alpha team');
  await behind.getByRole('button', { name: 'Account' }).click();
  await behind.getByRole('menuitem', { name: 'Settings' }).click();
  await expect(dialogIn(behind, LONG)).toContainText('This tab still shows “Beta”');
  await expectNoOverflow(behind);
  await dialogIn(behind, LONG).getByRole('button', { name: 'Reload' }).click();
  await expect(behind.getByLabel('Team name').first()).toHaveValue(LONG);
});

test('what is given up while the network is away is not done when it is back', async ({ page }) => {
  await signIn(page, newAddress('offline'));
  await page.goto('/settings/billing');
  await page.getByRole('button', { name: 'Upgrade to Pro' }).first().click();
  const dialog = page.getByRole('dialog');
  await page.context().setOffline(true);
  await dialog.getByRole('button', { name: /^Upgrade/ }).click();
  await expect(dialog.getByRole('alert')).toContainText('The server could not be reached');
  await dialog.getByRole('button', { name: 'Keep Free' }).click();
  await expect(dialog).toHaveCount(0);

  let changes = 0;
  page.on('request', (request) => {
    if (request.url().includes('billing.changePlan')) changes++;
  });
  await page.context().setOffline(false);
  // What had waited for the network would go before whatever the page asks for now.
  await page.getByRole('button', { name: /^Credits:/ }).click();
  await page.getByRole('button', { name: 'Add credits' }).click();
  await expect(page.getByRole('button', { name: 'Buy for 9.99 USD' })).toBeVisible();
  expect(changes).toBe(0);
  expect((await query<{ plan: { id: string } }>(page, 'billing.overview', {})).plan.id).toBe('free');
});

test('a page that could not be read while the server was away shows itself once it is back', async ({ page }) => {
  await signIn(page, newAddress('patient-reader'));
  const projectId = await startExample(page, 'Expense report');
  const api = (url: URL) => url.pathname.startsWith('/api/trpc/');
  await page.route(api, (route) => route.abort('connectionrefused'));
  // The project itself arrives with the page; its run is asked for.
  await page.goto(`/projects/${projectId}/run`);
  await expect(page.getByText('The run could not be read')).toBeVisible();
  await page.unroute(api);
  await expect(page.getByText('The run could not be read')).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Run', exact: true }).first()).toBeAttached();
});

test('a session that ended leads to the sign-in page and back to the same place', async ({ page }) => {
  const email = newAddress('expired');
  const place = '/settings/billing?plan=pro&returnTo=%2Fcredits%3Fkind%3Dusage';
  const asks = (path: string) => (url: URL) =>
    url.pathname === '/sign-in' && url.searchParams.get('callbackUrl') === path;
  await signIn(page, email);
  await page.goto(place);
  const upgrade = page.getByRole('dialog').getByRole('button', { name: /^Upgrade/ });
  await expect(upgrade).toBeEnabled();
  expect((await mutate(page, 'account.signOutEverywhere', {})).status).toBe(200);
  await upgrade.click();
  await page.waitForURL(asks(place));

  // A fresh request, as the payment service's way back is one.
  const back = '/checkout/success?purchase=0123&x=a%26b';
  await page.goto(back);
  await page.waitForURL(asks(back));
  await page.goto(place);
  await page.waitForURL(asks(place));
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.waitForURL('**/verify-request');
  await useLetter(page, email);
  await page.waitForURL((url) => `${url.pathname}${url.search}` === place);
  await expect(upgrade).toBeEnabled();

  // A person who has signed in elsewhere need not do it again.
  await page.goto(`/sign-in?${new URLSearchParams({ callbackUrl: place })}`);
  await page.waitForURL((url) => `${url.pathname}${url.search}` === place);
  await page.goto(`/sign-in?${new URLSearchParams({ callbackUrl: '/\\example.test' })}`);
  await page.waitForURL('**/projects');
});
