import { describe, expect, it } from 'vitest';
import { type Plan, planSchema } from '@/server/agents/schema';
import {
  addCriterion,
  addTask,
  filesToText,
  moveCriterion,
  moveTask,
  orderProblem,
  planProblems,
  removeCriterion,
  removeTask,
  textToFiles,
  updateCriterion,
  updateTask,
} from './plan-edits';

const plan: Plan = planSchema.parse({
  summary: 'A tool',
  tasks: [
    {
      id: 'T1',
      title: 'Parse',
      criteria: [
        { id: 'T1.1', text: 'parses' },
        { id: 'T1.2', text: 'refuses' },
      ],
    },
    { id: 'T2', title: 'Print', criteria: [{ id: 'T2.1', text: 'prints' }], dependsOn: ['T1'] },
    { id: 'T4', title: 'Help', criteria: [{ id: 'T4.1', text: 'helps' }] },
  ],
});
const ids = (value: Plan) => value.tasks.map(({ id }) => id);

describe('editing a plan', () => {
  it('gives a new task an id nobody had, and a criterion to fill in', () => {
    const task = addTask(plan).tasks.at(-1);
    expect(task?.id).toBe('T5');
    expect(task?.criteria).toEqual([{ id: 'T5.1', text: '' }]);
    expect(planProblems(addTask(plan))).toEqual(['T5 needs a title.', 'Criterion T5.1 is empty.']);
  });

  it('stops at fifteen tasks, as the schema does', () => {
    let full = plan;
    for (let count = 0; count < 20; count += 1) full = addTask(full);
    expect(full.tasks).toHaveLength(15);
    expect(new Set(ids(full)).size).toBe(15);
  });

  it('removes a task with every mention of it and keeps the other ids', () => {
    const less = removeTask(plan, 'T1');
    expect(ids(less)).toEqual(['T2', 'T4']);
    expect(less.tasks[0]?.dependsOn).toEqual([]);
    expect(ids(removeTask(removeTask(less, 'T2'), 'T4'))).toEqual(['T4']);
  });

  it('moves a task by one place and not past either end', () => {
    expect(ids(moveTask(plan, 'T4', -1))).toEqual(['T1', 'T4', 'T2']);
    expect(moveTask(plan, 'T1', -1)).toBe(plan);
    expect(moveTask(plan, 'T4', 1)).toBe(plan);
    expect(moveTask(plan, 'T9', 1)).toBe(plan);
  });

  it('says when a task stands before one it needs', () => {
    expect(orderProblem(plan.tasks)).toBeNull();
    expect(orderProblem(moveTask(plan, 'T2', -1).tasks)).toBe('T2 needs T1, which must come before it.');
  });

  it('edits criteria without touching their ids or another task', () => {
    const edited = updateCriterion(plan, 'T1', 'T1.2', 'refuses with line numbers');
    expect(edited.tasks[0]?.criteria[1]).toEqual({ id: 'T1.2', text: 'refuses with line numbers' });
    expect(edited.tasks[1]).toBe(plan.tasks[1]);
    expect(moveCriterion(plan, 'T1', 'T1.2', -1).tasks[0]?.criteria.map(({ id }) => id)).toEqual(['T1.2', 'T1.1']);
  });

  it('never gives a removed criterion its number back while a higher one stands, and keeps the last one', () => {
    const added = addCriterion(removeCriterion(plan, 'T1', 'T1.1'), 'T1');
    expect(added.tasks[0]?.criteria.map(({ id }) => id)).toEqual(['T1.2', 'T1.3']);
    expect(removeCriterion(plan, 'T2', 'T2.1').tasks[1]?.criteria).toHaveLength(1);
  });

  it('reads files back as it wrote them', () => {
    const files = [
      { path: 'src/a file.ts', action: 'create' as const },
      { path: 'b.ts', action: 'rename' as const },
    ];
    expect(textToFiles(filesToText(files))).toEqual(files);
    expect(textToFiles('\n  index.html \n')).toEqual([{ path: 'index.html', action: 'create' }]);
  });

  it('leaves a plan the schema accepts', () => {
    expect(planSchema.safeParse(updateTask(plan, 'T2', { size: 'L' })).success).toBe(true);
    expect(planProblems(plan)).toEqual([]);
  });
});
