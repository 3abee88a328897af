import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, expect, type Page, test } from '@playwright/test';

/** Who run the instance, where a test needs somebody who does. Two, because one address gets few sign-in links an hour. */
export const OPERATORS = ['first-operator@example.test', 'second-operator@example.test'] as const;

/** An address that no other test uses. */
export function newAddress(name: string): string {
  return `${name}-${Date.now().toString(36)}-${Math.floor(Math.random() * 1e6)}@example.test`;
}

/** Signs in as a person would: asks for a link, opens it in the local mailbox. */
export async function signIn(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.waitForURL('**/verify-request');
  await useLetter(page, email);
  await page.waitForURL('**/projects');
}

/** Opens the newest sign-in letter to an address, follows its link and presses the button there. */
export async function useLetter(page: Page, email: string): Promise<void> {
  await page.goto('/mailbox');
  // The newest letter stands first.
  await page.getByRole('listitem').filter({ hasText: email }).getByRole('link', { name: 'Sign in' }).first().click();
  await expect(page.getByText(`signs you in as ${email}`)).toBeVisible();
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Starts an example from the new-project page. @returns the project's id. */
export async function startExample(page: Page, title: string): Promise<string> {
  await page.goto('/projects/new');
  await page
    .getByRole('button', { name: new RegExp(`^${title}`) })
    .first()
    .click();
  await page.waitForURL(/\/projects\/[0-9a-f-]{36}/);
  return projectIdOf(page);
}

/** Describes a project on the new-project page. @returns the project's id. */
export async function createProject(page: Page, description: string): Promise<string> {
  await page.goto('/projects/new');
  await page.getByLabel('What should it do?').fill(description);
  await page.getByRole('button', { name: 'Create project' }).click();
  await page.waitForURL(/\/projects\/[0-9a-f-]{36}/);
  return projectIdOf(page);
}

/** A second person, in a browser of their own. */
export async function another(browser: Browser, baseURL: string | undefined, email: string): Promise<Page> {
  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  const page = await context.newPage();
  await signIn(page, email);
  return page;
}

function projectIdOf(page: Page): string {
  return /projects\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
}

export async function approve(page: Page, projectId: string): Promise<void> {
  await page.goto(`/projects/${projectId}/plan`);
  await page.getByRole('button', { name: /^Approve plan/ }).click({ timeout: 60_000 });
}

/** Calls the API as the signed-in person, as the page itself does. */
export async function query<T>(page: Page, path: string, input: Record<string, unknown>): Promise<T> {
  // A kept connection may be closed by the server in the moment in which it is used again; reading twice is no harm.
  const response = await page.request.get(
    `/api/trpc/${path}?input=${encodeURIComponent(JSON.stringify({ json: input }))}`,
    { maxRetries: 2 },
  );
  expect(response.ok()).toBe(true);
  return ((await response.json()) as { result: { data: { json: T } } }).result.data.json;
}

/** The credits as the header of every page tells them: `20.00`. */
export async function expectToSpend(page: Page, credits: string): Promise<void> {
  await expect(
    page.getByRole('button', { name: new RegExp(`^Credits: ${credits.replaceAll('.', '\\.')}(,|$)`) }),
  ).toBeVisible();
}

/** Changes something by the API, as the page would. @returns the HTTP status and, when it was refused, the error's code. */
export async function mutate(
  page: Page,
  path: string,
  input: Record<string, unknown>,
): Promise<{ status: number; code: string | null }> {
  const response = await page.request.post(`/api/trpc/${path}`, { data: { json: input } });
  const body = (await response.json()) as { error?: { json: { data: { appCode: string } } } };
  return { status: response.status(), code: body.error?.json.data.appCode ?? null };
}

export async function waitForStatus(page: Page, projectId: string, status: string, timeout = 90_000): Promise<void> {
  await expect
    .poll(
      async () => (await query<{ project: { status: string } }>(page, 'projects.get', { projectId })).project.status,
      { timeout, intervals: [300] },
    )
    .toBe(status);
}

/** No violation of the rules axe checks, WCAG 2.2 AA among them. */
export async function expectAccessible(page: Page): Promise<void> {
  // Without frames one run inside the page sees everything; otherwise axe takes a second page to join its parts, twice as long.
  expect(page.frames()).toHaveLength(1);
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  const { violations } = await axe.analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)).toEqual(
    [],
  );
}

/** No sideways scrolling of the page. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
}

/**
 * No scrolling into emptiness: the document ends where its content ends, and the screens of a project, whose panels scroll,
 * are no taller than the window.
 */
export async function expectNoEmptyScroll(page: Page): Promise<void> {
  const {
    document: height,
    content,
    window: view,
  } = await page.evaluate(() => ({
    document: document.documentElement.scrollHeight,
    content: Math.ceil(document.body.getBoundingClientRect().height),
    window: window.innerHeight,
  }));
  const isPanels = /\/projects\/[0-9a-f-]{36}/.test(page.url());
  expect(height).toBeLessThanOrEqual(isPanels ? view : Math.max(view, content));
}

/** The ways a screen is looked at: each scheme and each width once, and the other two when pictures are wanted. */
const WAYS = [
  ['dark', 390],
  ['light', 1280],
  ...(process.env.SHOTS
    ? ([
        ['dark', 1280],
        ['light', 390],
      ] as const)
    : []),
] as const;

/**
 * Opens each path on a phone in the dark, then makes it wide and light: accessible, and nothing to scroll sideways. With
 * SHOTS, pictures in all four ways.
 */
export async function expectGoodScreens(page: Page, paths: readonly string[]): Promise<void> {
  // Half-way through a transition colours are neither the old nor the new ones.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const path of paths) {
    for (const [index, [colorScheme, width]] of WAYS.entries()) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      if (index === 0) await page.goto(path);
      await expect(page.locator('html')).toHaveClass(new RegExp(`(^| )${colorScheme}( |$)`));
      await expect(page.locator('h1').first()).toBeAttached();
      await page.waitForLoadState('load');
      // Everything is there, no placeholder is left.
      await expect(page.locator('.animate-pulse, [aria-busy="true"]')).toHaveCount(0);
      await test.step(`${path} ${width} ${colorScheme}`, async () => {
        await expectAccessible(page);
        await expectNoOverflow(page);
        await expectNoEmptyScroll(page);
      });
      if (process.env.SHOTS)
        await page.screenshot({
          path: join(
            process.env.SHOTS,
            `screen${path.replaceAll(/[^a-z]+/g, '-').slice(0, 40)}-${width}-${colorScheme}.png`,
          ),
          fullPage: true,
        });
    }
  }
}

/** Pictures of the page at both widths and in both schemes, when SHOTS names a folder for them. */
export async function shots(page: Page, name: string): Promise<void> {
  const folder = process.env.SHOTS;
  if (folder === undefined || folder === '') return;
  for (const width of [1280, 390])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    }
  await page.setViewportSize({ width: 1280, height: 860 });
}

/** Unpacks an archive and runs a command in it. */
export function runInArchive(zip: string, command: string): { status: number | null; output: string; names: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-unpacked-'));
  try {
    const unpack =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); z.extractall(sys.argv[2]); print("\\n".join(z.namelist()))';
    const paths = execFileSync('python3', ['-c', unpack, zip, folder], { encoding: 'utf8' }).trim().split('\n');
    // One folder at the top holds everything.
    const [top = ''] = paths[0]?.split('/') ?? [];
    expect(paths.filter((path) => !path.startsWith(`${top}/`))).toEqual([]);
    const names = paths.map((path) => path.slice(top.length + 1));
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
      cwd: join(folder, top),
      encoding: 'utf8',
      env: { PATH: `${join(process.execPath, '..')}:${process.env.PATH}`, NODE_ENV: 'test', HOME: folder },
    });
    return { status, output: stdout + stderr, names };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
