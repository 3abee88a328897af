import { expect, it } from 'vitest';
import { planSchema } from '@/server/agents/schema';
import { readPlanDraft, writePlanDraft } from './plan-draft';
import { addCriterion, addTask, updateTask } from './plan-edits';

const plan = planSchema.parse({
  summary: 'A tool',
  tasks: [
    { id: 'T1', title: 'Parse', criteria: [{ id: 'T1.1', text: 'parses' }], files: [{ path: 'a', action: 'create' }] },
  ],
});

it('a plan that cannot be saved yet is kept as it stands', () => {
  const unfinished = addCriterion(updateTask(addTask(plan), 'T1', { title: '' }), 'T1');
  const draft = { version: 2, plan: { ...unfinished, summary: '' } };
  expect(readPlanDraft(writePlanDraft(draft))).toEqual(draft);
});

it.each(['', '{', 'null', '{"version":1}', '{"version":1,"plan":{"summary":"x","tasks":[]}}', '"text"'])(
  'what is no plan is no draft: %s',
  (text) => {
    expect(readPlanDraft(text)).toBeNull();
  },
);
