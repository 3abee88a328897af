import 'server-only';
import { reclaimOpenCalls } from '@/server/models/gateway';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { enqueue } from '@/server/platform/queue';

/**
 * Embedded, this process is the only one: whatever was running belonged to its dead predecessor. Open model calls are closed
 * and their holds released, leases freed, and the runs put back into the queue when a worker will take them.
 */
export async function reclaimAll({ enqueueRuns }: { enqueueRuns: boolean }): Promise<void> {
  await reclaimOpenCalls({ createdBefore: now() });
  await db().run.updateMany({ where: { leaseOwner: { not: null } }, data: { leaseOwner: null, leaseExpiresAt: null } });
  await db().message.updateMany({ where: { status: 'streaming' }, data: { status: 'stopped' } });
  if (!enqueueRuns) return;
  const runs = await db().run.findMany({ where: { status: { in: ['running', 'queued'] } }, select: { id: true } });
  for (const { id } of runs) await inTx((tx) => enqueue(tx, 'run.advance', { runId: id }));
}
