import type { Criterion, Plan, PlannedTask } from '@/server/agents/schema';

/** Changes to a plan. Pure: each returns a new plan and leaves every id that stays as it was. */

const MAX_TASKS = 15;
const MAX_CRITERIA = 20;

/** The first free number after the highest in use, so that an id is never used for a second thing. */
function nextNumber(ids: readonly string[], pattern: RegExp): number {
  return ids.reduce((highest, id) => Math.max(highest, Number(pattern.exec(id)?.[1] ?? 0)), 0) + 1;
}

export function updateTask(plan: Plan, taskId: string, change: Partial<Omit<PlannedTask, 'id'>>): Plan {
  return { ...plan, tasks: plan.tasks.map((task) => (task.id === taskId ? { ...task, ...change } : task)) };
}

/** Adds an empty task at the end with one criterion to fill in; unchanged when the plan is full. */
export function addTask(plan: Plan): Plan {
  if (plan.tasks.length >= MAX_TASKS) return plan;
  const id = `T${nextNumber(
    plan.tasks.map((task) => task.id),
    /^T(\d+)$/,
  )}`;
  const task: PlannedTask = {
    id,
    title: '',
    why: '',
    files: [],
    criteria: [{ id: `${id}.1`, text: '' }],
    size: 'M',
    dependsOn: [],
  };
  return { ...plan, tasks: [...plan.tasks, task] };
}

/** Removes a task and every mention of it; a plan keeps at least one. */
export function removeTask(plan: Plan, taskId: string): Plan {
  if (plan.tasks.length <= 1) return plan;
  return {
    ...plan,
    tasks: plan.tasks
      .filter(({ id }) => id !== taskId)
      .map((task) => ({ ...task, dependsOn: task.dependsOn.filter((id) => id !== taskId) })),
  };
}

/** Why a task cannot stand at a place, or null: a task comes after all it depends on. */
export function orderProblem(tasks: readonly PlannedTask[]): string | null {
  const place = new Map(tasks.map((task, index) => [task.id, index]));
  for (const [index, task] of tasks.entries()) {
    for (const needed of task.dependsOn) {
      const at = place.get(needed);
      if (at !== undefined && at > index) return `${task.id} needs ${needed}, which must come before it.`;
    }
  }
  return null;
}

function moved<T>(items: readonly T[], from: number, by: -1 | 1): T[] | null {
  const to = from + by;
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length) return null;
  const rest = items.filter((_, index) => index !== from);
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}

/** Moves a task one place; unchanged at either end. Whether the order makes sense is `orderProblem`'s to say. */
export function moveTask(plan: Plan, taskId: string, by: -1 | 1): Plan {
  const tasks = moved(
    plan.tasks,
    plan.tasks.findIndex(({ id }) => id === taskId),
    by,
  );
  return tasks === null ? plan : { ...plan, tasks };
}

function withCriteria(plan: Plan, taskId: string, change: (task: PlannedTask) => Criterion[]): Plan {
  return {
    ...plan,
    tasks: plan.tasks.map((task) => (task.id === taskId ? { ...task, criteria: change(task) } : task)),
  };
}

export function addCriterion(plan: Plan, taskId: string): Plan {
  return withCriteria(plan, taskId, ({ criteria }) => {
    if (criteria.length >= MAX_CRITERIA) return criteria;
    const number = nextNumber(
      criteria.map(({ id }) => id),
      /\.(\d+)$/,
    );
    return [...criteria, { id: `${taskId}.${number}`, text: '' }];
  });
}

export function updateCriterion(plan: Plan, taskId: string, criterionId: string, text: string): Plan {
  return withCriteria(plan, taskId, ({ criteria }) =>
    criteria.map((old) => (old.id === criterionId ? { ...old, text } : old)),
  );
}

/** A task keeps at least one criterion: without one nothing could be approved. */
export function removeCriterion(plan: Plan, taskId: string, criterionId: string): Plan {
  return withCriteria(plan, taskId, ({ criteria }) =>
    criteria.length <= 1 ? criteria : criteria.filter(({ id }) => id !== criterionId),
  );
}

export function moveCriterion(plan: Plan, taskId: string, criterionId: string, by: -1 | 1): Plan {
  return withCriteria(
    plan,
    taskId,
    ({ criteria }) =>
      moved(
        criteria,
        criteria.findIndex(({ id }) => id === criterionId),
        by,
      ) ?? criteria,
  );
}

/** Files as edited in a text box, one a line: `path` or `action path`. */
export function filesToText(files: PlannedTask['files']): string {
  return files.map(({ path, action }) => `${action} ${path}`).join('\n');
}

export function textToFiles(text: string): PlannedTask['files'] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(?:(create|change|delete|rename)\s+)?(\S.*?)\s*$/.exec(line);
    if (match?.[2] === undefined) return [];
    const action = match[1];
    return [
      {
        path: match[2],
        action: action === 'change' || action === 'delete' || action === 'rename' ? action : ('create' as const),
      },
    ];
  });
}

/** What keeps a plan from being saved, in words; empty when it can be. */
export function planProblems(plan: Plan): string[] {
  const problems = plan.tasks.flatMap((task) => [
    ...(task.title.trim() === '' ? [`${task.id} needs a title.`] : []),
    ...task.criteria.filter(({ text }) => text.trim() === '').map(({ id }) => `Criterion ${id} is empty.`),
  ]);
  const order = orderProblem(plan.tasks);
  return order === null ? problems : [...problems, order];
}
