import 'server-only';
import { type AccessAnswer, checkAIAccess, type PlannedCall } from '@/server/models/access/check-ai-access';
import { QUALITIES } from '@/server/models/schema';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

const SIZES = ['S', 'M', 'L'] as const;

/**
 * What the rest of a project, or one task of it, may cost at each quality, what is locked and how to unlock it.
 * @throws AppError `not_found`
 */
export async function checkProjectAccess(
  actor: { organizationId: string; userId: string; projectId: string },
  taskId: string | null,
): Promise<AccessAnswer> {
  const { organizationId, userId, projectId } = actor;
  const project = await db().project.findFirst({
    where: { id: projectId, organizationId },
    include: { tasks: { orderBy: { position: 'asc' } } },
  });
  if (project === null) throw notFound('Project');
  const task = taskId === null ? null : project.tasks.find(({ id }) => id === taskId);
  if (task === undefined) throw notFound('Task');
  const open = project.tasks.filter(({ status }) => ['pending', 'rejected', 'running'].includes(status));
  const chosen = task === null ? open : [task];
  const calls: PlannedCall[] = chosen.flatMap(({ size: text, quality: own }) => {
    const size = SIZES.find((id) => id === text) ?? 'M';
    const ownQuality = task === null ? QUALITIES.find((id) => id === own) : undefined;
    const common = { size, count: 1, ...(ownQuality ? { quality: ownQuality } : {}) };
    return [
      { role: 'implement' as const, ...common },
      { role: 'review' as const, ...common },
    ];
  });
  // The rest of a project ends with its README, as the one total of a plan does (docs/decisions/0031).
  const work = task === null && calls.length > 0 ? [...calls, { role: 'document' as const, count: 1 }] : calls;
  return checkAIAccess({
    organizationId,
    userId,
    capability: 'implement',
    quality: task?.quality ?? project.quality,
    modelRef: project.modelRef,
    // Before there is a plan: the design.
    work:
      work.length > 0
        ? work
        : [
            { role: 'spec', count: 1 },
            { role: 'plan', count: 1 },
          ],
  });
}
