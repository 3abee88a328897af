import { expect, test } from '@playwright/test';
import { scriptedProject } from '@/test/fake-model/scripted-project';
import { startFakeModel } from '@/test/fake-model/server';
import { ownServer } from './own-server';
import { createProject, newAddress, query, signIn, waitForStatus } from './support';

interface Chat {
  messages: { role: string; text: string; purpose: string; status: string; costMicro: string }[];
}

test('chat: an answer is stopped, a question is edited and asked again', async ({ browser }) => {
  test.setTimeout(240_000);
  const script = scriptedProject();
  script.overrides.ask = ({ request }) =>
    request.prompt.includes('Why so slow?')
      ? {
          text: 'It is slow because of many things that take long to tell, one after another.',
          fault: { kind: 'hang' },
        }
      : request.prompt.includes('multiplies?')
        ? '`src/multiply.js` multiplies.'
        : '`src/add.js` adds.';
  const fake = await startFakeModel(script.respond);
  const server = await ownServer({
    OPENAI_COMPATIBLE_BASE_URL: `${fake.url}/v1`,
    OPENAI_COMPATIBLE_MODELS: 'fake',
    MODEL_MAX_RETRIES: '0',
  });
  const context = await browser.newContext({ baseURL: server.url });
  try {
    await server.database('price', 'compatible:fake');
    await server.start();
    const page = await context.newPage();
    await signIn(page, newAddress('asker'));
    const projectId = await createProject(page, 'Three sums with tests.');
    await waitForStatus(page, projectId, 'awaiting_approval');
    const asked = async () =>
      (await query<Chat>(page, 'chat.list', { projectId })).messages.filter(({ purpose }) => purpose === 'ask');
    const log = page.getByRole('log');
    const before = await query<{ available: string }>(page, 'credits.balance', {});

    await page.getByLabel('Message', { exact: true }).fill('Why so slow?');
    await page.keyboard.press('Enter');
    await expect(log).toContainText('It is slow because');
    expect(fake.requests.at(-1)).toMatchObject({ abandoned: false });
    await page.getByRole('button', { name: 'Stop writing' }).click();
    // U6: the provider's connection is closed at once.
    await expect.poll(() => fake.requests.at(-1)?.abandoned, { timeout: 2_000, intervals: [50] }).toBe(true);
    await expect(log.getByText('stopped', { exact: true })).toBeVisible();
    const [, stopped] = await asked();
    expect(stopped).toMatchObject({ status: 'stopped', costMicro: '0' });
    expect(stopped?.text).toMatch(/^It is slow because/);
    // What was stopped costs nothing and holds nothing.
    expect(await query(page, 'credits.balance', {})).toMatchObject({ available: before.available, held: '0' });

    await page.getByRole('button', { name: 'Edit and resend' }).click();
    await page.getByLabel('Edit message').fill('Which file adds?');
    await page.getByRole('button', { name: 'Send again' }).click();
    await expect(log).toContainText('src/add.js adds.');
    await expect(log).not.toContainText('Why so slow?');
    await expect(log).not.toContainText('It is slow because');

    await page.getByLabel('Message', { exact: true }).fill('And which one multiplies?');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect(log).toContainText('src/multiply.js multiplies.');
    // Editing the first question strikes out everything that followed from it, here and in a tab opened later.
    await page.getByRole('button', { name: 'Edit and resend' }).first().click();
    await page.getByLabel('Edit message').fill('Which file adds two numbers?');
    await page.getByRole('button', { name: 'Send again' }).click();
    await expect(log).toContainText('Which file adds two numbers?');
    await expect(log).not.toContainText('And which one multiplies?');
    await expect
      .poll(async () => (await asked()).map(({ text }) => text))
      .toEqual(['Which file adds two numbers?', '`src/add.js` adds.']);
    const later = await context.newPage();
    await later.goto(page.url());
    await expect
      .poll(async () => (await later.getByRole('log').textContent()) === (await log.textContent()))
      .toBe(true);
    const after = await query<{ available: string }>(page, 'credits.balance', {});
    expect(BigInt(after.available)).toBeLessThan(BigInt(before.available));
  } finally {
    await context.close();
    await server.dispose();
    await fake.close();
  }
});
