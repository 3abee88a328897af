import { expect, test } from '@playwright/test';
import { approve, expectNoOverflow, newAddress, query, signIn, startExample, waitForStatus } from './support';

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

interface View {
  tasks: { key: string; title: string; status: string; attempts: number }[];
}

test('on a phone: a rejected task is edited and tried again, and the run completes', async ({ page }) => {
  await signIn(page, newAddress('phone-refiner'));
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  await page.getByRole('link', { name: 'Review plan and quote' }).tap();
  await page.getByRole('button', { name: 'Edit plan' }).tap();
  await page.getByLabel('Title').nth(1).fill('Make coffee for everybody');
  await page.getByRole('button', { name: 'Save plan' }).tap();
  await page.getByRole('button', { name: /^Approve plan/ }).tap();
  await waitForStatus(page, projectId, 'awaiting_refinement');

  await page.getByRole('link', { name: 'See findings and decide' }).tap();
  await expect(page.getByText(/^T2 was not approved after/)).toBeVisible();
  const stuck = await query<View>(page, 'projects.get', { projectId });
  const attempts = (stuck.tasks[1]?.attempts ?? 0) + 1;
  await expectNoOverflow(page);
  await page.getByRole('button', { name: 'Edit task' }).tap();
  await page.getByLabel('Title').first().fill('Read expenses from CSV');
  await page.getByRole('button', { name: 'Save task and retry' }).tap();
  await waitForStatus(page, projectId, 'completed');
  const { tasks } = await query<View>(page, 'projects.get', { projectId });
  expect(tasks.map(({ status }) => status)).toEqual(['approved', 'approved', 'approved', 'approved']);
  expect(tasks[1]).toMatchObject({ title: 'Read expenses from CSV', attempts });
  await expect(page.getByText(`Attempt ${attempts}`, { exact: true })).toBeVisible();
  await expectNoOverflow(page);
});

test('on a phone: pause lets the step end, resume goes on, nothing runs twice', async ({ page }) => {
  await signIn(page, newAddress('phone-pauser'));
  const projectId = await startExample(page, 'Expense report');
  await approve(page, projectId);
  await page.getByRole('button', { name: 'Pause' }).tap();
  await waitForStatus(page, projectId, 'paused');
  const at = await query<{ steps: { status: string }[] }>(page, 'runs.timeline', { projectId });
  // Between two steps: none is open, none was cut off.
  expect(at.steps.filter(({ status }) => status !== 'done')).toEqual([]);
  await expect(page.getByText('Paused by you.')).toBeVisible();
  await expectNoOverflow(page);
  await page.getByRole('button', { name: 'Resume' }).first().tap();
  await waitForStatus(page, projectId, 'completed');
  const { steps } = await query<{ steps: { step: string; taskKey: string | null; attempt: number }[] }>(
    page,
    'runs.timeline',
    { projectId },
  );
  const names = steps.map(({ step, taskKey, attempt }) => `${step} ${taskKey} ${attempt}`);
  expect(new Set(names).size).toBe(names.length);
});
