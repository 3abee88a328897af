import 'server-only';
import type { Plan } from '@/server/agents/schema';
import { quoteCall } from '@/server/models/quote';
import type { Quality } from '@/server/models/schema';
import type { Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { appendEvents, type EventScope } from './event-log';

export interface WritePlanInput {
  scope: EventScope;
  plan: Plan;
  author: string;
  model: string;
  quality: Quality;
}

/**
 * Writes a new version of the plan and makes the open tasks match it. Finished tasks keep their rows; ids are stable across
 * versions. @returns the version.
 */
export async function writePlan(tx: Tx, { scope, plan, author, model, quality }: WritePlanInput): Promise<number> {
  const project = await tx.project.update({
    where: { id: scope.projectId },
    data: { planVersion: { increment: 1 } },
    select: { planVersion: true },
  });
  const version = project.planVersion;
  await tx.planVersion.create({ data: { id: newId(), ...scope, version, plan, author } });
  const keys = plan.tasks.map(({ id }) => id);
  await tx.task.deleteMany({ where: { ...scope, key: { notIn: keys }, status: { in: ['pending', 'rejected'] } } });
  for (const [position, task] of plan.tasks.entries()) {
    const implement = await quoteCall(tx, { role: 'implement', quality, modelRef: model, size: task.size });
    const review = await quoteCall(tx, { role: 'review', quality, modelRef: model, size: task.size });
    const columns = {
      position,
      title: task.title,
      why: task.why,
      size: task.size,
      files: task.files,
      criteria: task.criteria,
      dependsOn: task.dependsOn,
      quoteP50Micro: implement.p50 + review.p50,
      quoteP90Micro: implement.p90 + review.p90,
    };
    const { count } = await tx.task.updateMany({ where: { ...scope, key: task.id }, data: columns });
    if (count === 0) await tx.task.create({ data: { id: newId(), ...scope, key: task.id, ...columns } });
  }
  await appendEvents(tx, scope, [{ type: 'data-plan', version }]);
  return version;
}
