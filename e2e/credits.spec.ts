import { expect, test } from '@playwright/test';
import { ownServer } from './own-server';
import { buildUntilOutOfCredits, LEFT_MICRO } from './run-out';
import { expectAccessible, expectNoOverflow, newAddress, query, shots, waitForStatus } from './support';

interface View {
  tasks: { status: string; chargedMicro: string }[];
  totals: { chargedMicro: string };
  unlock: { kind: string; required: string; available: string; missing: string; monthly: { at: string } } | null;
}
interface Timeline {
  steps: { step: string; status: string }[];
}

test('credits run out in mid-run: it pauses between two steps, says what is missing, and goes on when credits come', async ({
  browser,
}) => {
  test.setTimeout(300_000);
  const server = await ownServer();
  const context = await browser.newContext({ baseURL: server.url });
  try {
    await server.start();
    const page = await context.newPage();
    const email = newAddress('broke');
    const { projectId, designMicro } = await buildUntilOutOfCredits(page, server, email);

    const view = await query<View>(page, 'projects.get', { projectId });
    const unlock = view.unlock;
    expect(unlock?.kind).toBe('credits');
    expect(BigInt(unlock?.required ?? 0) - BigInt(unlock?.available ?? 0)).toBe(BigInt(unlock?.missing ?? 0));
    expect(BigInt(unlock?.missing ?? 0)).toBeGreaterThan(0n);
    // Something was built before, and the step that did not fit did not begin.
    expect(view.tasks[0]?.status).toBe('approved');
    expect(view.tasks.at(-1)?.status).toBe('pending');
    const { steps } = await query<Timeline>(page, 'runs.timeline', { projectId });
    expect(steps.filter(({ status }) => status === 'running')).toEqual([]);
    expect(await query(page, 'credits.balance', {})).toMatchObject({ held: '0', available: unlock?.available });

    for (const path of ['', '/run']) {
      await page.goto(`/projects/${projectId}${path}`);
      await expect(page.getByText('Paused: out of credits').first()).toBeVisible();
      await expect(page.getByText('Missing', { exact: true })).toBeVisible();
      await expect(page.getByText(/monthly credits come on/)).toContainText(dayOf(unlock?.monthly.at ?? ''));
      await expect(page.getByRole('link', { name: 'Add credits' })).toHaveAttribute('href', /^\/credits/);
      await shots(page, `out-of-credits${path.replace('/', '-')}`);
    }
    // To resume without credits changes nothing: the same pause, the same sentence, nothing charged.
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect
      .poll(async () => (await query<Timeline>(page, 'runs.timeline', { projectId })).steps.length)
      .toBe(steps.length);
    await waitForStatus(page, projectId, 'awaiting_credits');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`/projects/${projectId}`);
    await expect(page.getByText('Paused: out of credits').first()).toBeVisible();
    await expectAccessible(page);
    await expectNoOverflow(page);

    await server.stop();
    await server.database('adjust', email, '5000000');
    await server.start();
    // The page was open all the time: it notices by itself that the run can go on.
    await expect(page.getByText('Enough credits again')).toBeVisible({ timeout: 40_000 });
    await shots(page, 'credits-again');
    await page.getByRole('button', { name: 'Resume' }).click();
    await waitForStatus(page, projectId, 'completed');
    await expect(page.getByText('Enough credits again')).toHaveCount(0);

    const done = await query<View>(page, 'projects.get', { projectId });
    expect(done.unlock).toBeNull();
    const { spendable: left } = await query<{ spendable: string }>(page, 'credits.balance', {});
    const building = BigInt(done.totals.chargedMicro) - designMicro;
    expect(BigInt(left)).toBe(LEFT_MICRO + 5_000_000n - building);
  } finally {
    await context.close();
    await server.dispose();
  }
});

/** As the page writes a day: `21 Dec 2026`, UTC. */
function dayOf(iso: string): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
    .format(new Date(iso))
    .replace('Sept', 'Sep');
}
