import 'server-only';
import { formatCredits } from '@/server/credits/schema';
import { inTx, type Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { type Actor, ownProject, scopeOf, startRun } from '@/server/runs/engine/actor';
import { moveProject, moveTask } from '@/server/runs/engine/transitions';
import { hasNothingToDo } from './plan-rows';
import { quoteOf } from './quote-project';
import { quoteOpenTasks } from './set-task-quality';

/**
 * The explicit approval of one version of the plan. Starts the build.
 * @param atMostMicro the upper quote that was shown. The open tasks are quoted again first: a price may have changed since.
 * @throws AppError `conflict` when the plan changed, or may now cost more than was shown
 */
export async function approvePlan(
  actor: Actor,
  version: number,
  budgetMicro?: bigint | null,
  atMostMicro?: bigint,
): Promise<string> {
  if (atMostMicro !== undefined) await requireQuoted(actor, atMostMicro);
  return inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    if (project.planVersion !== version)
      throw new AppError('conflict', 'the plan was changed in the meantime', {
        userMessage: 'The plan was changed in the meantime. Look at it again before you approve.',
      });
    if (await hasNothingToDo(tx, scopeOf(actor)))
      throw new AppError('wrong_status', 'the plan has no open task', {
        userMessage: 'This plan adds no task, so there is nothing to build. Add a task, or ask for a change.',
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

/** The new quotes stay when they are refused: they are what the next look shows. */
async function requireQuoted(actor: Actor, atMostMicro: bigint): Promise<void> {
  const quote = await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    if (project.status === 'awaiting_approval') await quoteOpenTasks(tx, scopeOf(actor));
    return quoteOf(tx, scopeOf(actor));
  });
  if (quote.p90 <= atMostMicro) return;
  throw new AppError('conflict', `quoted ${quote.p90} micro-credits, shown ${atMostMicro}`, {
    userMessage: `Prices changed: the plan may now cost up to ${formatCredits(quote.p90)} credits. Look at the new quote before you approve.`,
  });
}

/** A task that waited for a decision begins again with the plan that replaces it. @returns the attempts of open tasks so far. */
async function reopenTasks(tx: Tx, actor: Actor): Promise<Record<string, number>> {
  const open = await tx.task.findMany({ where: { ...scopeOf(actor), status: { in: ['pending', 'rejected'] } } });
  for (const task of open)
    if (task.status === 'rejected') await moveTask(tx, scopeOf(actor), task, 'pending', ['rejected']);
  return Object.fromEntries(open.filter(({ attempts }) => attempts > 0).map(({ key, attempts }) => [key, attempts]));
}
