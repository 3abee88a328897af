import 'server-only';
import { absorbCalls } from '@/server/credits/ledger/ledger';
import type { Tx } from '@/server/platform/db';
import type { EventScope } from '@/server/runs/stream/event-log';
import { cursorSchema } from './attempt';

/**
 * Drops attempts that began on the head that is being replaced, and gives back what they were charged: the task begins
 * again on the new head, without one of its tries used up. The caller has locked the balance and the project, in this order, so
 * that of two at once the second finds the tries that the first has given back.
 */
export async function discardOpenAttempts(tx: Tx, scope: EventScope): Promise<void> {
  const [run] = await tx.$queryRaw<{ id: string; cursor: unknown }[]>`
    SELECT "id", "cursor" FROM "Run" WHERE "organizationId" = ${scope.organizationId} AND "projectId" = ${scope.projectId}
      AND "kind" = 'build' AND "status" IN ('paused', 'stopped', 'waiting', 'failed')
    ORDER BY "startedAt" DESC LIMIT 1 FOR UPDATE`;
  if (run === undefined) return;
  const { base } = cursorSchema.parse(run.cursor);
  const tasks = await tx.task.findMany({ where: { ...scope, status: { in: ['pending', 'running'] } } });
  for (const task of tasks) {
    const attempt = task.attempts + 1;
    const steps = await tx.runStep.findMany({
      where: { runId: run.id, taskId: task.id, attempt },
      select: { id: true },
    });
    if (steps.length === 0) continue;
    const calls = await tx.modelCall.findMany({
      where: { runId: run.id, stepId: { in: steps.map(({ id }) => id) }, status: 'succeeded' },
      select: { id: true },
    });
    const refunded = await absorbCalls(tx, {
      organizationId: scope.organizationId,
      modelCallIds: calls.map(({ id }) => id),
      note: `attempt ${attempt} of ${task.key} was dropped by a rollback`,
    });
    await tx.task.update({
      where: { id: task.id },
      data: { attempts: { increment: 1 }, absorbedMicro: { increment: refunded } },
    });
    base[task.key] = (base[task.key] ?? 0) + 1;
  }
  await tx.run.update({ where: { id: run.id }, data: { cursor: { base } } });
}
