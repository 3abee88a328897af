import { expect, it } from 'vitest';
import { projectStatusLabel, taskStatusLabel } from './status-labels';

it('a project that waits for a budget is not called out of credits', () => {
  expect(projectStatusLabel('awaiting_credits', 'credits').label).toBe('Out of credits');
  expect(projectStatusLabel('awaiting_credits').label).toBe('Out of credits');
  expect(projectStatusLabel('awaiting_credits', 'budget').label).toBe('Budget reached');
  expect(projectStatusLabel('awaiting_credits', 'member_budget').label).toBe('Budget reached');
  expect(projectStatusLabel('paused', 'budget').label).toBe('Paused');
});

it('a task that was begun is in work only while its project is being built', () => {
  expect(taskStatusLabel('running', 'implementing')).toMatchObject({ label: 'In work', busy: true });
  for (const status of ['paused', 'awaiting_credits', 'awaiting_refinement', 'failed'])
    expect(taskStatusLabel('running', status)).toEqual({ label: 'Waits', tone: 'neutral' });
  expect(taskStatusLabel('approved', 'paused').label).toBe('Approved');
});
