import 'server-only';
import type { Plan } from '@/server/agents/schema';
import { resolveModel } from '@/server/models/catalogue/catalogue';
import { db, inTx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { type Actor, ownProject, scopeOf } from '@/server/runs/engine/actor';
import { changedFinished } from '@/server/runs/engine/keep-finished';
import { finishedTasks, writePlan } from './plan-rows';

/** Saves an edited plan as a new version. @throws AppError `conflict` when somebody saved in between. */
export async function savePlan(actor: Actor, baseVersion: number, plan: Plan): Promise<number> {
  const current = await db().project.findFirst({
    where: { id: actor.projectId, organizationId: actor.organizationId },
  });
  if (current === null) throw notFound('Project');
  const quality = current.quality;
  const model = await resolveModel(
    { organizationId: actor.organizationId, quality, capability: 'implement' },
    current.modelRef,
  );
  requireSound(plan);
  return inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    if (project.status !== 'awaiting_approval')
      throw new AppError('wrong_status', 'the plan can be edited only before it is approved', {
        userMessage: 'The plan can be edited only before it is approved. Ask for a change to get a new one.',
      });
    if (project.planVersion !== baseVersion)
      throw new AppError('conflict', 'the plan was changed in the meantime', {
        userMessage: 'Somebody changed the plan in the meantime. Reload to see it.',
      });
    const changed = changedFinished(plan, await finishedTasks(tx, scopeOf(actor)));
    if (changed.length > 0)
      throw new AppError('invalid_input', `finished tasks would be changed: ${changed.join(', ')}`, {
        userMessage: `${changed.join(', ')} cannot be changed any more: the work is finished. Add a new task instead.`,
      });
    return writePlan(tx, { scope: scopeOf(actor), plan, author: actor.userId ?? 'user', model, quality });
  });
}

export function requireSound(plan: Plan): void {
  const ids = plan.tasks.map(({ id }) => id);
  const criteria = plan.tasks.flatMap((task) => task.criteria.map(({ id }) => id));
  const refuse = (what: string) =>
    new AppError('invalid_input', `two ${what} have the same id`, {
      userMessage: `Two ${what} have the same id. Give one of them another id.`,
    });
  if (new Set(ids).size !== ids.length) throw refuse('tasks');
  if (new Set(criteria).size !== criteria.length) throw refuse('criteria');
}
