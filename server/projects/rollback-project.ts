import 'server-only';
import { lockBalance } from '@/server/credits/ledger/lock-balance';
import { inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { type Actor, ownProject, scopeOf } from '@/server/runs/engine/actor';
import { discardOpenAttempts } from '@/server/runs/engine/discard-attempts';
import { appendEvents } from '@/server/runs/stream/event-log';
import { rollbackTo } from '@/server/workspace/snapshots';

/** The tree of an earlier snapshot becomes the newest; history stays. Not while a run works on it. */
export async function rollbackProject(actor: Actor, snapshotId: string): Promise<string> {
  return inTx(async (tx) => {
    // Before anything is read: what an attempt was charged is given back, and balances are locked before projects.
    await lockBalance(tx, actor.organizationId);
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    if (['implementing', 'documenting', 'planning', 'clarifying'].includes(project.status))
      throw new AppError('wrong_status', 'a run is at work', {
        userMessage: 'A run is at work. Pause it first, then roll back.',
      });
    await discardOpenAttempts(tx, scopeOf(actor));
    const result = await rollbackTo(tx, { ...scopeOf(actor), headId: project.headSnapshotId, snapshotId });
    await tx.project.update({ where: { id: project.id }, data: { headSnapshotId: result.snapshotId } });
    await appendEvents(tx, scopeOf(actor), [{ type: 'data-snapshot', snapshotId: result.snapshotId }]);
    return result.snapshotId;
  });
}
