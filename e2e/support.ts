import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

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
  // The newest letter stands first.
  await page.goto('/mailbox');
  await page.getByRole('listitem').filter({ hasText: email }).getByRole('link', { name: 'Sign in' }).first().click();
  await page.waitForURL('**/projects');
}

/** Starts an example from the new-project page. @returns the project's id. */
export async function startExample(page: Page, title: string): Promise<string> {
  await page.goto('/projects/new');
  await page
    .getByRole('button', { name: new RegExp(`^${title}`) })
    .first()
    .click();
  await page.waitForURL(/\/projects\/[0-9a-f-]{36}/);
  return /projects\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
}

export async function approve(page: Page, projectId: string): Promise<void> {
  await page.goto(`/projects/${projectId}/plan`);
  await page.getByRole('button', { name: /^Approve plan/ }).click({ timeout: 60_000 });
}

/** Calls the API as the signed-in person, as the page itself does. */
export async function query<T>(page: Page, path: string, input: Record<string, unknown>): Promise<T> {
  const response = await page.request.get(
    `/api/trpc/${path}?input=${encodeURIComponent(JSON.stringify({ json: input }))}`,
  );
  expect(response.ok()).toBe(true);
  return ((await response.json()) as { result: { data: { json: T } } }).result.data.json;
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
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)).toEqual(
    [],
  );
}

/** Unpacks an archive and runs a command in it. */
export function runInArchive(zip: string, command: string): { status: number | null; output: string; names: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-unpacked-'));
  try {
    const unpack =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); z.extractall(sys.argv[2]); print("\\n".join(z.namelist()))';
    const names = execFileSync('python3', ['-c', unpack, zip, folder], { encoding: 'utf8' }).trim().split('\n');
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${join(process.execPath, '..')}:${process.env.PATH}`, NODE_ENV: 'test', HOME: folder },
    });
    return { status, output: stdout + stderr, names };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
