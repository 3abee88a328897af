import 'server-only';
import type { Prisma } from '@/prisma/generated/client';
import type { Plan, PlannedTask } from '@/server/agents/schema';
import type { Quality } from '@/server/models/schema';
import type { Client, Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { plannedTask } from '@/server/runs/engine/attempt';
import { renumberChanged } from '@/server/runs/engine/keep-finished';
import { appendEvents, type EventScope } from '@/server/runs/stream/event-log';
import { quoteReadme } from './quote-project';
import { quoteTask } from './quote-task';
import { quoteOpenTasks } from './set-task-quality';

export interface WritePlanInput {
  scope: EventScope;
  plan: Plan;
  author: string;
  model: string;
  quality: Quality;
}

/** Tasks whose work is decided: what they say is what was checked or accepted, and stays. */
export async function finishedTasks(client: Client, scope: EventScope): Promise<PlannedTask[]> {
  const rows = await client.task.findMany({
    where: { ...scope, status: { in: ['approved', 'accepted', 'skipped'] } },
    orderBy: { position: 'asc' },
  });
  return rows.map(plannedTask);
}

/** Whether a project was built to its end and has nothing to do since: approving could only build nothing. */
export async function hasNothingToDo(client: Client, scope: EventScope): Promise<boolean> {
  const open = await client.task.count({ where: { ...scope, status: { in: ['pending', 'running', 'rejected'] } } });
  return open === 0 && (await wasBuilt(client, scope));
}

/** Whether a new plan for a project that was built holds its finished tasks only. */
export async function addsNothing(client: Client, scope: EventScope, plan: Plan): Promise<boolean> {
  const finished = await finishedTasks(client, scope);
  const keys = new Set(finished.map(({ id }) => id));
  return renumberChanged(plan, finished).tasks.every(({ id }) => keys.has(id)) && (await hasNothingToDo(client, scope));
}

async function wasBuilt(client: Client, scope: EventScope): Promise<boolean> {
  const build = await client.run.findFirst({
    where: { ...scope, kind: 'build' },
    orderBy: { startedAt: 'desc' },
    select: { status: true },
  });
  return build?.status === 'completed';
}

/**
 * Writes a new version of the plan and makes the open tasks match it. Finished tasks keep their content; an entry that reuses
 * a finished task's key for other work gets a new key. @returns the version.
 */
export async function writePlan(tx: Tx, input: WritePlanInput): Promise<number> {
  const { scope, author, model, quality } = input;
  const finished = await finishedTasks(tx, scope);
  const plan = renumberChanged(input.plan, finished);
  const project = await tx.project.update({
    where: { id: scope.projectId },
    data: { planVersion: { increment: 1 } },
    select: { planVersion: true },
  });
  const version = project.planVersion;
  await tx.planVersion.create({ data: { id: newId(), ...scope, version, plan, author } });
  const keys = plan.tasks.map(({ id }) => id);
  await tx.task.deleteMany({ where: { ...scope, key: { notIn: keys }, status: { in: ['pending', 'rejected'] } } });
  const known = await tx.task.findMany({ where: scope, select: { key: true } });
  const added: Prisma.TaskCreateManyInput[] = [];
  const own = { organizationId: scope.organizationId };
  // What a task costs by default depends on its size alone.
  const quotes = new Map<string, Awaited<ReturnType<typeof quoteTask>>>();
  for (const [position, task] of plan.tasks.entries()) {
    const quote = quotes.get(task.size) ?? (await quoteTask(tx, { ...own, quality, modelRef: model, size: task.size }));
    quotes.set(task.size, quote);
    const columns = {
      position,
      title: task.title,
      why: task.why,
      size: task.size,
      files: task.files,
      criteria: task.criteria,
      dependsOn: task.dependsOn,
      quoteP50Micro: quote.p50,
      quoteP90Micro: quote.p90,
    };
    if (finished.some(({ id }) => id === task.id))
      await tx.task.updateMany({ where: { ...scope, key: task.id }, data: { position } });
    else if (known.some(({ key }) => key === task.id))
      await tx.task.updateMany({ where: { ...scope, key: task.id }, data: columns });
    else added.push({ id: newId(), ...scope, key: task.id, ...columns });
  }
  await tx.task.createMany({ data: added });
  await quoteReadme(tx, scope);
  // A task may have a quality of its own.
  if ((await tx.task.count({ where: { ...scope, quality: { not: null } } })) > 0) await quoteOpenTasks(tx, scope);
  await appendEvents(tx, scope, [{ type: 'data-plan', version }]);
  return version;
}
