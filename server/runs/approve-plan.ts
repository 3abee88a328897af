import 'server-only';
import { inTx, type Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { type Actor, ownProject, scopeOf, startRun } from './actor';
import { moveProject, moveTask } from './transitions';

/** The explicit approval of one version of the plan. Starts the build. */
export async function approvePlan(actor: Actor, version: number, budgetMicro?: bigint | null): Promise<string> {
  return inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    if (project.planVersion !== version)
      throw new AppError('conflict', 'the plan was changed in the meantime', {
        userMessage: 'The plan was changed in the meantime. Look at it again before you approve.',
      });
    await moveProject(tx, { ...scopeOf(actor), to: 'implementing', from: ['awaiting_approval'] });
    if (budgetMicro !== undefined) await tx.project.update({ where: { id: project.id }, data: { budgetMicro } });
    await tx.planVersion.update({
      where: { projectId_version: { projectId: project.id, version } },
      data: { approvedAt: new Date(), approvedById: actor.userId },
    });
    return startRun(tx, actor, 'build', await reopenTasks(tx, actor));
  });
}

/** A task that waited for a decision begins anew with the plan that replaces it. @returns the attempts of open tasks so far. */
async function reopenTasks(tx: Tx, actor: Actor): Promise<Record<string, number>> {
  const open = await tx.task.findMany({ where: { ...scopeOf(actor), status: { in: ['pending', 'rejected'] } } });
  for (const task of open)
    if (task.status === 'rejected') await moveTask(tx, scopeOf(actor), task, 'pending', ['rejected']);
  return Object.fromEntries(open.filter(({ attempts }) => attempts > 0).map(({ key, attempts }) => [key, attempts]));
}
