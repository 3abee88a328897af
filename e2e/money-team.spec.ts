import { expect, type Page } from '@playwright/test';
import { test } from './money-test';
import {
  another,
  expectToSpend,
  mutate,
  newAddress,
  query,
  shots,
  signIn,
  startExample,
  useLetter,
  waitForStatus,
} from './support';

const TEAM = 'Night shift';

/** Opens the invitation from the mailbox, signs in as the person it is for, and joins. */
async function joinByLetter(page: Page, email: string): Promise<void> {
  await page.goto('/mailbox');
  await page.getByRole('listitem').filter({ hasText: email }).getByRole('link', { name: 'Open the link' }).click();
  await expect(page.getByRole('heading', { name: `Join “${TEAM}”` })).toBeVisible();
  await shots(page, 'invitation');
  await page.getByRole('link', { name: `Sign in as ${email}` }).click();
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.waitForURL('**/verify-request');
  await useLetter(page, email);
  await page.getByRole('button', { name: 'Join the team' }).click();
  await page.waitForURL('**/projects');
}

/** A colleague's words bear their name, those that arrive while one reads too, and only who wrote them is offered to edit them. */
async function expectWhoseWords(who: { asker: Page; reader: Page; name: string; projectId: string }): Promise<void> {
  const { asker, reader, name, projectId } = who;
  await reader.goto(`/projects/${projectId}`);
  const [asked, read] = [asker, reader].map((page) => page.getByRole('log'));
  if (asked === undefined || read === undefined) throw new Error('two people');
  // The description.
  await expect(read.getByText(name)).toHaveCount(1);
  await asker.getByLabel('Message', { exact: true }).fill('Which file adds them up?');
  await asker.keyboard.press('Enter');
  await expect(read.getByText('Which file adds them up?')).toBeVisible();
  await expect(read.getByText(name)).toHaveCount(2);
  await expect(asked.getByRole('button', { name: 'Edit and resend' })).toHaveCount(1);
  await expect(read.getByRole('article', { name: 'Answer' })).toHaveAttribute('aria-busy', 'false');
  await expect(read.getByRole('button', { name: 'Edit and resend' })).toHaveCount(0);
  await expect(asked.getByText(name)).toHaveCount(0);
}

test('a colleague is invited by mail, builds with the team’s credits, and may not buy: it is said who can', async ({
  page,
  browser,
  baseURL,
}) => {
  test.setTimeout(180_000);
  const [owner, colleague] = [newAddress('owner'), newAddress('colleague')];
  await signIn(page, owner);
  await page.goto('/settings/organization');
  await page.getByLabel('Team name').fill(TEAM);
  await page.getByRole('button', { name: 'Create team' }).click();
  await page.waitForURL('**/settings/members');
  await page.getByLabel('E-mail address').fill(colleague);
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: colleague })).toBeVisible();
  await shots(page, 'members-invited');

  const guest = await (await browser.newContext(baseURL === undefined ? {} : { baseURL })).newPage();
  await joinByLetter(guest, colleague);
  await expect(guest.getByRole('button', { name: `Switch organization, now: ${TEAM}` })).toBeVisible();
  await expectToSpend(guest, '0.00');

  await guest.goto('/credits');
  await guest.getByRole('main').getByRole('button', { name: 'Add credits' }).click();
  const dialog = guest.getByRole('dialog', { name: 'Add credits' });
  await expect(dialog).toContainText('Only an owner can buy');
  await expect(dialog).toContainText(`Ask ${owner}, who owns ${TEAM}.`);
  await expect(dialog.getByRole('listitem')).toHaveCount(3);
  await expect(dialog.getByRole('button', { name: /^Buy/ })).toHaveCount(0);
  await shots(guest, 'member-may-not-buy');
  await guest.goto('/settings/billing');
  await expect(guest.getByText('Only an owner can change the plan')).toBeVisible();
  await expect(guest.getByText(`Ask ${owner} to change it`)).toBeVisible();
  await expect(guest.getByRole('button', { name: /Upgrade|Buy credits|Cancel the/ })).toHaveCount(0);
  await shots(guest, 'member-billing');
  const refused = { status: 403, code: 'forbidden' };
  expect(await mutate(guest, 'billing.startTopup', { packageId: 'starter' })).toEqual(refused);
  expect(await mutate(guest, 'billing.changePlan', { planId: 'pro' })).toEqual(refused);
  expect(await mutate(guest, 'organizations.invite', { email: newAddress('friend'), role: 'owner' })).toEqual(refused);

  // The owner buys for the team, and the colleague builds with it.
  await page.goto('/credits');
  await page.getByRole('main').getByRole('button', { name: 'Add credits' }).click();
  await page.getByRole('button', { name: 'Buy for 9.99 USD' }).click();
  await page.getByRole('button', { name: 'Pay 9.99 USD' }).click();
  await expect(page.getByText('The credits are in your account')).toBeVisible();
  await guest.goto('/projects');
  await expectToSpend(guest, '100.00');
  const projectId = await startExample(guest, 'Expense report');
  await waitForStatus(guest, projectId, 'awaiting_approval');
  await expectWhoseWords({ asker: guest, reader: page, name: colleague, projectId });
  await page.goto('/settings/members');
  const row = page.getByRole('listitem').filter({ hasText: colleague });
  await expect(row).toContainText('used');
  await shots(page, 'members-used');
  const { purchases } = await query<{ purchases: unknown[] }>(guest, 'billing.purchases', {});
  expect(purchases).toHaveLength(1);
  // It is the team's project: the owner, back in their own workspace, does not find it there.
  await page.getByRole('button', { name: `Switch organization, now: ${TEAM}` }).click();
  await page.getByRole('menuitem', { name: /personal/ }).click();
  await page.waitForURL('**/projects');
  await expectToSpend(page, '20.00');
  await page.goto(`/projects/${projectId}`);
  await expect(page.getByText('Project not found')).toBeVisible();
  await guest.context().close();
});

test('an invitation works for its address only, once, and not after it was withdrawn', async ({
  page,
  browser,
  baseURL,
}) => {
  const invited = newAddress('invited');
  await signIn(page, newAddress('host'));
  await page.goto('/settings/organization');
  await page.getByLabel('Team name').fill('Day shift');
  await page.getByRole('button', { name: 'Create team' }).click();
  await page.waitForURL('**/settings/members');
  await page.getByLabel('E-mail address').fill(invited);
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: invited })).toBeVisible();
  const other = await another(browser, baseURL, newAddress('other'));
  await other.goto('/mailbox');
  await other.getByRole('listitem').filter({ hasText: invited }).getByRole('link', { name: 'Open the link' }).click();
  await expect(other.getByText('This invitation is for another address')).toBeVisible();
  await expect(other.getByRole('button', { name: 'Join the team' })).toHaveCount(0);
  await shots(other, 'invitation-of-another');
  // The page only says what the procedure does.
  const token = new URL(other.url()).pathname.split('/').at(-1);
  const accept = (person: Page) => mutate(person, 'organizations.accept', { token });
  expect(await accept(other)).toEqual({ status: 403, code: 'forbidden' });
  await page.getByRole('button', { name: `Withdraw the invitation of ${invited}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
  await expect(page.getByText('No open invitations.')).toBeVisible();
  await other.reload();
  await expect(other.getByText('This invitation was withdrawn')).toBeVisible();
  const late = await another(browser, baseURL, invited);
  expect(await accept(late)).toEqual({ status: 409, code: 'conflict' });
  for (const open of [other, late]) await open.context().close();
});
