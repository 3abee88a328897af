import { expect, type Page, type Route, test } from '@playwright/test';
import { createProject, mutate, newAddress, query, shots, signIn, startExample, waitForStatus } from './support';

const SEND = '**/api/trpc/chat.send?*';

interface Chat {
  messages: { role: string; text: string }[];
}

async function askable(page: Page, name: string): Promise<string> {
  await signIn(page, newAddress(name));
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await expect(page.getByLabel('Message', { exact: true })).toBeEnabled();
  return projectId;
}

/** Requests to send a message, held until the test lets them go. */
async function holdSends(page: Page): Promise<{ routes: Route[]; release: () => Promise<void> }> {
  const routes: Route[] = [];
  await page.route(SEND, (route) => {
    routes.push(route);
  });
  const release = async () => {
    for (const route of routes) await route.continue();
    await page.unroute(SEND);
  };
  return { routes, release };
}

/** A key as the browser reports it while an input method composes a word. */
async function composingKey(
  page: Page,
  key: string,
  marks: { isComposing?: boolean; keyCode?: number },
): Promise<void> {
  await page.evaluate(
    ([name, init]) =>
      document.activeElement?.dispatchEvent(
        new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...init }),
      ),
    [key, marks] as const,
  );
}

const COMPOSING = [{ isComposing: true }, { keyCode: 229 }, { isComposing: true, keyCode: 229 }];

test('the chat’s box: what is typed is never lost, sent twice or sent half composed', async ({ page }) => {
  const projectId = await askable(page, 'typist');
  const box = page.getByLabel('Message', { exact: true });
  const sent = async (text: string) =>
    (await query<Chat>(page, 'chat.list', { projectId })).messages.filter((row) => row.text === text).length;

  await test.step('U7: an Enter that composes sends nothing', async () => {
    await box.fill('こんにち');
    for (const marks of COMPOSING) await composingKey(page, 'Enter', marks);
    await expect(box).toHaveValue('こんにち');
  });

  await test.step('U3: a draft is there after a reload, over tabs, and in another tab', async () => {
    await box.fill('Where are the days counted?');
    await page.reload();
    await expect(box).toHaveValue('Where are the days counted?');
    await page.getByRole('link', { name: 'Files' }).click();
    await page.waitForURL('**/files**');
    await expect(box).toHaveValue('Where are the days counted?');
    const other = await page.context().newPage();
    await other.goto(page.url());
    await expect(other.getByLabel('Message', { exact: true })).toHaveValue('Where are the days counted?');
    await other.close();
  });

  await test.step('U1: the box is empty at once, and what is typed in between stays', async () => {
    const held = await holdSends(page);
    await box.press('Enter');
    await expect(box).toHaveValue('');
    await expect(page.getByText('Sending “Where are the days counted?”')).toBeVisible();
    await box.pressSequentially('And the streak?');
    await box.press('Enter');
    expect(held.routes).toHaveLength(1);
    await held.release();
    await expect.poll(() => sent('Where are the days counted?')).toBe(1);
    await expect(page.getByText(/^Sending/)).toHaveCount(0);
    await expect(box).toHaveValue('And the streak?');
    await shots(page, 'chat-draft');
  });

  await test.step('U4: what could not be sent comes back, before what was typed since', async () => {
    const answers: ((route: Route) => Promise<void>)[] = [
      (route) => route.abort('connectionfailed'),
      (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }),
    ];
    for (const answer of answers) {
      const held = await holdSends(page);
      await box.fill('Please keep me');
      await box.press('Enter');
      await expect(box).toHaveValue('');
      await box.pressSequentially('and me');
      await expect.poll(() => held.routes.length).toBe(1);
      for (const route of held.routes) await answer(route);
      await expect(box).toHaveValue('Please keep me\n\nand me');
      await page.unroute(SEND);
    }
    await page.reload();
    await expect(box).toHaveValue('Please keep me\n\nand me');
  });

  await test.step('two Enters, and two in one moment, send once', async () => {
    await box.fill('Only once');
    await box.evaluate((element) => {
      for (const _ of [1, 2])
        element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    });
    await page.keyboard.press('Enter');
    await expect.poll(() => sent('Only once')).toBe(1);
    await expect(box).toHaveValue('');
    await expect(page.getByRole('log').getByText('Only once', { exact: true })).toBeVisible();
  });

  await test.step('a sent message that is being edited is there after a reload, and as it was once that is cancelled', async () => {
    const message = page.getByLabel('Edit message');
    await page.getByRole('button', { name: 'Edit and resend' }).last().click();
    await expect(message).toHaveValue('Only once');
    await message.fill('Only once more');
    await page.reload();
    await expect(message).toHaveValue('Only once more');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.reload();
    await expect(page.getByRole('log').getByText('Only once', { exact: true })).toBeVisible();
    await expect(message).toHaveCount(0);
  });

  await test.step('signing out forgets drafts', async () => {
    await box.fill('My secret');
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
    // A question that the page asked in that moment may lead to the sign-in page first.
    await page.waitForURL((url) => ['/', '/sign-in'].includes(url.pathname));
    expect(await page.evaluate(() => JSON.stringify(window.localStorage))).not.toContain('My secret');
  });
});

test('U5: a reader who scrolled up stays there while an answer streams', async ({ page }) => {
  const projectId = await askable(page, 'reader');
  await page.setViewportSize({ width: 1280, height: 520 });
  const log = page.getByRole('log');
  const place = () => log.evaluate(({ scrollTop }) => Math.round(scrollTop));
  const below = () => log.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
  await log.hover();
  for (const up of [3, 50, 200]) {
    await expect.poll(below).toBeLessThanOrEqual(1);
    const end = await place();
    await page.mouse.wheel(0, -up);
    await expect.poll(place).toBe(end - up);
    const text = `What is ${up} up from the end?`;
    await page.request.post('/api/trpc/chat.send', { data: { json: { projectId, text } } });
    await expect(log.getByText(text)).toBeAttached();
    await expect(log.locator('[aria-busy="true"]')).toHaveCount(0);
    await expect(log.getByRole('article', { name: 'Answer' })).toHaveCount([3, 50, 200].indexOf(up) + 1);
    expect(await below()).toBeGreaterThan(up);
    expect(await place()).toBe(end - up);
    await page.getByRole('button', { name: 'Latest' }).click();
  }
});

test('U7: composing keys reach neither the palette nor a dialog nor a form', async ({ page }) => {
  await signIn(page, newAddress('composer'));
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('combobox', { name: 'Type a page or a project' });
  await palette.fill('Credits');
  for (const marks of COMPOSING) {
    await composingKey(page, 'Enter', marks);
    await composingKey(page, 'Escape', marks);
    await composingKey(page, 'ArrowDown', marks);
  }
  await expect(palette).toHaveValue('Credits');
  await expect(page).toHaveURL(/\/projects$/);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/credits');
  // A real composition, as the browser's own input method makes it.
  await page.goto('/settings/organization');
  const team = page.getByLabel('Team name');
  await team.focus();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Input.imeSetComposition', { text: 'ち', selectionStart: 1, selectionEnd: 1 });
  await devtools.send('Input.dispatchKeyEvent', {
    type: 'rawKeyDown',
    key: 'Enter',
    code: 'Enter',
    windowsVirtualKeyCode: 229,
  });
  await devtools.send('Input.insertText', { text: 'ち' });
  await expect(team).toHaveValue('ち');
  await expect(page).toHaveURL(/\/settings\/organization$/);
  // What is composed is there all the same, and a plain Enter sends it.
  await team.press('Enter');
  await page.waitForURL('**/settings/members');
});

test('edits of a plan are there over tabs and after a reload, until they are saved or discarded', async ({ page }) => {
  const projectId = await askable(page, 'planner');
  await page.goto(`/projects/${projectId}/plan`);
  await page.getByRole('button', { name: 'Edit plan' }).click();
  const title = page.getByLabel('Title').first();
  await title.fill('Dates that cannot shift');
  await page.getByRole('button', { name: 'Add task' }).click();
  await page.getByRole('link', { name: 'Files' }).click();
  await page.waitForURL('**/files**');
  await page.getByRole('link', { name: 'Plan', exact: true }).click();
  await expect(title).toHaveValue('Dates that cannot shift');
  await page.reload();
  await expect(title).toHaveValue('Dates that cannot shift');
  await expect(page.getByText('Before it can be saved')).toBeVisible();
  await shots(page, 'plan-draft');
  await page
    .getByRole('button', { name: /^Remove task T/ })
    .last()
    .click();
  await page.getByRole('button', { name: 'Save plan' }).click();
  await expect(page.getByText('Saved as version 2, with a new quote.')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Edit plan' })).toBeVisible();
  await expect(page.getByText('Dates that cannot shift')).toBeVisible();
});

/** Opens a page whose script comes only when the result is called: so it is over a slow line. */
async function openWithoutScript(page: Page, path: string): Promise<() => void> {
  const scripts = /\/_next\/static\/.*\.js/;
  const { promise: wanted, resolve: run } = Promise.withResolvers<void>();
  await page.route(scripts, async (route) => {
    await wanted;
    await route.continue();
  });
  await page.goto(path, { waitUntil: 'commit' });
  return run;
}

test('what is typed before a page’s script runs is heard by its form', async ({ page }) => {
  const projectId = await askable(page, 'early-bird');
  const early: [path: string, field: string, button: string][] = [
    ['/settings/organization', 'Workspace name', 'Rename'],
    ['/settings/account', 'Your name', 'Save name'],
    [`/projects/${projectId}`, 'Message', 'Send'],
    [`/projects/${projectId}/settings`, 'Title', 'Rename'],
  ];
  for (const [path, label, button] of early)
    await test.step(`${label} at ${path}`, async () => {
      const run = await openWithoutScript(page, path);
      const field = page.getByRole('textbox', { name: label, exact: true });
      await field.fill('Typed early');
      run();
      await expect(page.getByRole('button', { name: button, exact: true })).toBeEnabled();
      await expect(field).toHaveValue('Typed early');
    });
});

test('a name that changes elsewhere shows where nothing is typed, and never over what is', async ({ page }) => {
  await signIn(page, newAddress('renamer'));
  await page.clock.install();
  await page.goto('/settings/organization');
  const name = page.getByLabel('Workspace name');
  const rename = page.getByRole('button', { name: 'Rename', exact: true });
  /** Renames as another window would, and looks at this one again once what it shows is stale. */
  const elsewhere = async (next: string) => {
    expect((await mutate(page, 'organizations.rename', { name: next })).status).toBe(200);
    await page.clock.fastForward(6_000);
    const read = page.waitForResponse((response) => response.url().includes('organizations.view'));
    await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')));
    await (await read).finished();
  };
  await expect(name).not.toHaveValue('');
  await elsewhere('Renamed elsewhere');
  await expect(name).toHaveValue('Renamed elsewhere');
  await name.fill('Half a na');
  await elsewhere('Renamed once more');
  // The page knows of it: its field's own value is the new one.
  await expect(name).toHaveAttribute('value', 'Renamed once more');
  await expect(name).toHaveValue('Half a na');
  await rename.click();
  await expect(page.getByText('Renamed.')).toBeVisible();
  await expect(rename).toBeDisabled();
  await expect(name).toHaveValue('Half a na');
});

test('an unknown description is edited and tried again where it was refused, or an example taken', async ({ page }) => {
  await signIn(page, newAddress('dreamer'));
  const wish = 'An operating system for submarines with a flight simulator';
  const projectId = await createProject(page, wish);
  const form = page.getByRole('form', { name: 'Describe it again' });
  const text = form.getByLabel('Edit the description and try again');
  await expect(text).toHaveValue(wish);
  await shots(page, 'unknown-description');
  await text.fill('Another operating system for submarines');
  await page.reload();
  await expect(text).toHaveValue('Another operating system for submarines');
  await form.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('log').getByText('it cannot build this')).toHaveCount(2);
  await expect(text).toHaveValue('Another operating system for submarines');
  await form.getByRole('button', { name: 'Expense report' }).click();
  await waitForStatus(page, projectId, 'awaiting_approval');
  await expect(form).toHaveCount(0);
});
