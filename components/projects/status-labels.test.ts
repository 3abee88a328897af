import { expect, it } from 'vitest';
import { projectStatusLabel } from './status-labels';

it('a project that waits for a budget is not called out of credits', () => {
  expect(projectStatusLabel('awaiting_credits', 'credits').label).toBe('Out of credits');
  expect(projectStatusLabel('awaiting_credits').label).toBe('Out of credits');
  expect(projectStatusLabel('awaiting_credits', 'budget').label).toBe('Budget reached');
  expect(projectStatusLabel('awaiting_credits', 'member_budget').label).toBe('Budget reached');
  expect(projectStatusLabel('paused', 'budget').label).toBe('Paused');
});
