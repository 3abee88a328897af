import { expect, type Page } from '@playwright/test';
import { test } from './money-test';
import {
  approve,
  expectNoEmptyScroll,
  expectNoOverflow,
  newAddress,
  OPERATORS,
  query,
  shots,
  signIn,
  startExample,
  waitForStatus,
} from './support';

/** Cumulative layout shift that nobody's input caused, counted by the browser since the page began. */
const SHIFT_AT_MOST = 0.05;

declare global {
  interface Window {
    shifted: number;
  }
}

/** Counts layout shifts in every page opened from here on. */
async function countShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if ('value' in entry && typeof entry.value === 'number' && Reflect.get(entry, 'hadRecentInput') !== true)
          window.shifted += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** Everything is there: no placeholder is left, and nothing has moved between two looks. A project's stream never rests. */
async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('load');
  await expect(page.locator('.animate-pulse, [aria-busy="true"]')).toHaveCount(0);
  let before = '';
  const isStill = async () => {
    const now = await page.evaluate(() => `${window.shifted} ${document.body.textContent.length}`);
    const same = now === before;
    before = now;
    return same;
  };
  await expect.poll(isStill, { intervals: [250] }).toBe(true);
}

test('every screen stands still while it loads, ends where its content ends, and is named', async ({ page }) => {
  test.setTimeout(300_000);
  await signIn(page, OPERATORS[0]);
  const projectId = await startExample(page, 'Expense report');
  await approve(page, projectId);
  await waitForStatus(page, projectId, 'completed');
  const { entries } = await query<{ entries: { id: string }[] }>(page, 'credits.history', {});
  const inProject = (name: string) => new RegExp(`^${name === '' ? '' : `${name} · `}Expense report · Plumbline$`);
  const screens: [path: string, title: RegExp][] = [
    ['/', /Plumbline/],
    ['/pricing', / · Plumbline$/],
    ['/projects', /^Projects · Plumbline$/],
    ['/projects/new', /^New project · Plumbline$/],
    [`/projects/${projectId}`, inProject('Overview')],
    [`/projects/${projectId}/plan`, inProject('Plan')],
    [`/projects/${projectId}/run`, inProject('Run')],
    [`/projects/${projectId}/files`, inProject('Files')],
    [`/projects/${projectId}/files?path=expenses%2Fmoney.py`, inProject('Files')],
    [`/projects/${projectId}/search?q=parse_cents`, inProject('Search')],
    [`/projects/${projectId}/settings`, inProject('Settings')],
    ['/credits', /^Credits · Plumbline$/],
    [`/credits/${entries[0]?.id}`, /^Receipt · Plumbline$/],
    ['/settings/organization', /^Organization · Plumbline$/],
    ['/settings/members', /^Members · Plumbline$/],
    ['/settings/keys', /^Provider keys · Plumbline$/],
    ['/settings/account', /^Account · Plumbline$/],
    ['/settings/billing', /^Plan and billing · Plumbline$/],
    ['/operator', /^Health · Operator · Plumbline$/],
    ['/operator/organizations', /^Organizations · Operator · Plumbline$/],
    ['/operator/models', /^Models and prices · Operator · Plumbline$/],
    ['/operator/offers', /^Plans and packages · Operator · Plumbline$/],
    ['/checkout/cancelled?plan=pro', /^Payment cancelled · Plumbline$/],
  ];
  await countShifts(page);
  const moved: string[] = [];
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    for (const [path, title] of screens) {
      await test.step(`${path} at ${width}`, async () => {
        await page.goto(path);
        await settle(page);
        await expect(page).toHaveTitle(title);
        await expectNoOverflow(page);
        await expectNoEmptyScroll(page);
        const shifted = await page.evaluate(() => window.shifted);
        if (shifted > SHIFT_AT_MOST) moved.push(`${path} at ${width}: ${shifted.toFixed(3)}`);
        if (process.env.SHOTS && width === 1280)
          await shots(page, `walk${path.replace(projectId, 'p').replaceAll(/[^a-z]+/g, '-')}`);
      });
    }
  }
  expect(moved).toEqual([]);
});

test('the first HTML of the money and settings screens holds their data', async ({ page }) => {
  await signIn(page, newAddress('impatient'));
  const html = async (path: string) => (await page.request.get(path)).text();
  expect(await html('/credits')).toContain('Nothing was spent in these days');
  expect(await html('/projects')).toContain('Describe your first project');
  expect(await html('/settings/billing')).toContain('Purchases');
  expect(await html('/settings/organization')).toContain('Workspace name');
  expect(await html('/settings/account')).toContain('impatient');
  expect(await html('/settings/members')).toContain('This is your personal workspace');
});

test('search finds nothing for nonsense, and marks what it finds, the exact name first', async ({ page }) => {
  await signIn(page, newAddress('searcher'));
  const projectId = await startExample(page, 'Expense report');
  await approve(page, projectId);
  await waitForStatus(page, projectId, 'completed');
  await page.goto(`/projects/${projectId}/search`);
  const box = page.getByRole('searchbox', { name: 'Search the code' });
  await box.fill('zzzqqq');
  await box.press('Enter');
  await expect(page.getByText('Nothing in the code answers “zzzqqq”')).toBeVisible();
  await expect(page.getByText('0 hits')).toBeVisible();
  await shots(page, 'search-nothing');
  await box.fill('parse_cents');
  await box.press('Enter');
  const first = page
    .getByRole('main')
    .getByRole('listitem')
    .filter({ has: page.getByRole('link') })
    .first();
  await expect(first).toContainText('expenses/money.py');
  await expect(first.locator('mark', { hasText: 'parse_cents' }).first()).toBeVisible();
  await shots(page, 'search-hits');
});
