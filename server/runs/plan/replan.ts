import 'server-only';
import { inTx, type Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { type Actor, ownProject, say, scopeOf } from '@/server/runs/engine/actor';
import { dispatchRun } from '@/server/runs/engine/dispatch';
import { moveProject } from '@/server/runs/engine/transitions';

/**
 * A change to a finished or rejected project: a new plan on the same files.
 * @param before happens in the same transaction, or not at all
 */
export async function replan(actor: Actor, note: string, before?: (tx: Tx) => Promise<void>): Promise<void> {
  await inTx(async (tx) => {
    await before?.(tx);
    const project = await ownProject(tx, actor);
    await say(tx, actor, { text: note, purpose: 'note' });
    await moveProject(tx, {
      ...scopeOf(actor),
      to: 'planning',
      from: ['completed', 'awaiting_approval', 'awaiting_refinement', 'failed'],
    });
    await tx.run.updateMany({
      where: { projectId: project.id, status: 'waiting' },
      data: { status: 'stopped', reason: 'replaced by a new plan' },
    });
    const runId = newId();
    await tx.run.create({
      data: {
        id: runId,
        ...scopeOf(actor),
        kind: 'design',
        planVersion: project.planVersion,
        createdById: actor.userId,
        actingUserId: actor.userId,
      },
    });
    // The questions and the specification stand: the new design begins at the plan.
    for (const step of ['clarify', 'spec']) {
      await tx.runStep.create({
        data: {
          id: newId(),
          ...scopeOf(actor),
          runId,
          step,
          status: 'done',
          output: { ok: true, waits: false },
          finishedAt: new Date(),
        },
      });
    }
    await dispatchRun(tx, { id: runId, organizationId: actor.organizationId });
  });
}
