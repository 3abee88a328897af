import type { Plan, PlannedTask } from '@/server/agents/schema';

/** What was checked when a task was finished: an approval speaks for exactly this. */
export function sameWork(a: PlannedTask, b: PlannedTask): boolean {
  const parts = (task: PlannedTask) =>
    JSON.stringify([
      task.title,
      task.files.map(({ path, action }) => [path, action]),
      task.criteria.map(({ id, text }) => [id, text]),
    ]);
  return parts(a) === parts(b);
}

/** Keys of entries that would change a finished task. */
export function changedFinished(plan: Plan, finished: readonly PlannedTask[]): string[] {
  return plan.tasks
    .filter((task) => finished.some((done) => done.id === task.id && !sameWork(done, task)))
    .map(({ id }) => id);
}

/** The first key of the form T7 above all of these. */
export function nextFreeKey(keys: Iterable<string>): string {
  const numbers = [...keys].map((key) => Number(/^T(\d+)$/.exec(key)?.[1] ?? 0));
  return `T${Math.max(0, ...numbers) + 1}`;
}

/** The plan with a new key, and criteria named after it, for each entry that reuses a finished task's key for other work. */
export function renumberChanged(plan: Plan, finished: readonly PlannedTask[]): Plan {
  const used = new Set([...plan.tasks, ...finished].map(({ id }) => id));
  const renamed = new Map<string, string>();
  for (const key of changedFinished(plan, finished)) {
    const free = nextFreeKey(used);
    used.add(free);
    renamed.set(key, free);
  }
  if (renamed.size === 0) return plan;
  return {
    ...plan,
    tasks: plan.tasks.map((task) => {
      const id = renamed.get(task.id);
      const dependsOn = task.dependsOn.map((key) => renamed.get(key) ?? key);
      if (id === undefined) return { ...task, dependsOn };
      const criteria = task.criteria.map((criterion, index) => ({ ...criterion, id: `${id}.${index + 1}` }));
      return { ...task, id, dependsOn, criteria };
    }),
  };
}
