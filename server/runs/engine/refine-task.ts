import 'server-only';
import type { Project } from '@/prisma/generated/client';
import { type Plan, type PlannedTask, planSchema } from '@/server/agents/schema';
import { resolveModel } from '@/server/models/catalogue/catalogue';
import { inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { writePlan } from '@/server/runs/plan/plan-rows';
import { requireSound } from '@/server/runs/plan/save-plan';
import { appendEvents } from '@/server/runs/stream/event-log';
import type { RefineChoice } from '@/server/runs/stream/schema';
import { type Actor, latestRun, ownProject, requeue, say, scopeOf } from './actor';
import { cursorSchema } from './attempt';
import { moveProject, moveTask } from './transitions';

export interface Refine {
  taskKey: string;
  choice: RefineChoice;
  note?: string | undefined;
  task?: Pick<PlannedTask, 'title' | 'why' | 'criteria' | 'files'> | undefined;
}

/** What the user decides after the last refinement was rejected. */
export async function refineTask(actor: Actor, { taskKey, choice, note, task: edited }: Refine): Promise<void> {
  await inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    const run = await latestRun(tx, actor);
    const task = await tx.task.findFirst({ where: { ...scopeOf(actor), key: taskKey } });
    if (task === null) throw notFound('Task');
    if (project.status !== 'awaiting_refinement' || task.status !== 'rejected')
      throw new AppError('wrong_status', 'this task does not wait for a decision');
    if (note?.trim()) await say(tx, actor, { text: note.trim(), purpose: 'note' });
    if (choice === 'accept') {
      const last = await tx.runStep.findFirst({
        where: { runId: run.id, taskId: task.id, snapshotId: { not: null } },
        orderBy: { startedAt: 'desc' },
      });
      if (!last?.snapshotId)
        throw new AppError('wrong_status', 'no attempt of this task left anything to accept', {
          userMessage: 'No attempt left files that could be accepted. Retry, edit or skip the task.',
        });
      await requireOnHead(tx, actor, project, last.snapshotId);
      await tx.project.update({ where: { id: project.id }, data: { headSnapshotId: last.snapshotId } });
      await appendEvents(tx, scopeOf(actor), [{ type: 'data-snapshot', snapshotId: last.snapshotId }]);
      await moveTask(tx, scopeOf(actor), task, 'accepted', ['rejected']);
    } else if (choice === 'skip') {
      await moveTask(tx, scopeOf(actor), task, 'skipped', ['rejected']);
    } else {
      if (choice === 'edit') await editTask(tx, actor, project, taskKey, edited);
      await moveTask(tx, scopeOf(actor), task, 'pending', ['rejected']);
      const cursor = cursorSchema.parse(run.cursor);
      await tx.run.update({
        where: { id: run.id },
        data: { cursor: { base: { ...cursor.base, [taskKey]: task.attempts } } },
      });
    }
    await moveProject(tx, { ...scopeOf(actor), to: 'implementing', from: ['awaiting_refinement'] });
    await requeue(tx, run, actor);
  });
}

/** An attempt made before a rollback would undo it. */
async function requireOnHead(tx: Tx, actor: Actor, project: Project, snapshotId: string): Promise<void> {
  const made = await tx.snapshot.findFirst({
    where: { ...scopeOf(actor), id: snapshotId },
    select: { parentId: true },
  });
  if (snapshotId === project.headSnapshotId || made?.parentId === project.headSnapshotId) return;
  throw new AppError('wrong_status', 'the attempt was made on files that have been rolled back since', {
    userMessage: 'The files were rolled back after this attempt. Retry, edit or skip the task.',
  });
}

async function editTask(
  tx: Tx,
  actor: Actor,
  project: Project,
  taskKey: string,
  edited: Refine['task'],
): Promise<void> {
  if (edited === undefined) throw new AppError('invalid_input', 'an edited task is missing');
  const row = await tx.planVersion.findUniqueOrThrow({
    where: { projectId_version: { projectId: project.id, version: project.planVersion } },
  });
  const plan = planSchema.parse(row.plan);
  const next: Plan = {
    ...plan,
    tasks: plan.tasks.map((task) => (task.id === taskKey ? { ...task, ...edited } : task)),
  };
  requireSound(next);
  const { organizationId, modelRef } = project;
  const { quality } = project;
  await writePlan(tx, {
    scope: scopeOf(actor),
    plan: next,
    author: actor.userId ?? 'user',
    // Inside a transaction only its client may be asked.
    model: await resolveModel({ organizationId, quality, capability: 'implement' }, modelRef, tx),
    quality,
  });
}
