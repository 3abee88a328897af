import 'server-only';
import { checkCapabilityAccess, qualityNotAllowed } from '@/server/credits/access/plan-access';
import { resolveModel } from '@/server/models/catalogue/catalogue';
import type { Quality } from '@/server/models/schema';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import type { EventScope } from '@/server/runs/stream/event-log';
import { quoteReadme } from './quote-project';
import { quoteTask } from './quote-task';

/**
 * A task's own quality; null: the project's again. The task is quoted again.
 * @throws AppError `quality_not_allowed`, `wrong_status` once the task has begun, `not_found`
 */
export async function setTaskQuality(
  actor: { organizationId: string; projectId: string },
  input: { taskId: string; quality: Quality | null },
): Promise<void> {
  const { organizationId, projectId } = actor;
  if (input.quality !== null) {
    const access = await checkCapabilityAccess(db(), { organizationId, capability: 'implement' });
    if (!access.qualities.includes(input.quality))
      throw qualityNotAllowed(input.quality, access.plan, access.qualities);
  }
  await inTx(async (tx) => {
    const task = await tx.task.findFirst({ where: { id: input.taskId, organizationId, projectId } });
    if (task === null) throw notFound('Task');
    if (!['pending', 'rejected'].includes(task.status))
      throw new AppError('wrong_status', 'the task has begun already', {
        userMessage:
          'The quality of a task can be changed until it begins. Change the quality of a later task instead.',
      });
    await tx.task.update({ where: { id: task.id }, data: { quality: input.quality } });
    await quoteOpenTasks(tx, { organizationId, projectId });
  });
}

/** Quotes every task that has not begun, each at its own quality or the project's, and the README. */
export async function quoteOpenTasks(tx: Tx, scope: EventScope): Promise<void> {
  const project = await tx.project.findFirst({ where: { id: scope.projectId, organizationId: scope.organizationId } });
  if (project === null) throw notFound('Project');
  const tasks = await tx.task.findMany({ where: { ...scope, status: { in: ['pending', 'rejected'] } } });
  const models = new Map<string, string>();
  for (const task of tasks) {
    const quality = task.quality ?? project.quality;
    const modelRef =
      models.get(quality) ??
      (await resolveModel(
        { organizationId: scope.organizationId, quality, capability: 'implement' },
        project.modelRef,
        tx,
      ));
    models.set(quality, modelRef);
    const size = SIZES.find((id) => id === task.size) ?? 'M';
    const { p50, p90 } = await quoteTask(tx, { organizationId: scope.organizationId, quality, modelRef, size });
    await tx.task.update({ where: { id: task.id }, data: { quoteP50Micro: p50, quoteP90Micro: p90 } });
  }
  await quoteReadme(tx, scope);
}

const SIZES = ['S', 'M', 'L'] as const;
