import 'server-only';
import { indexSnapshot } from '@/server/code-search/index-snapshot';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import type { EventScope } from '@/server/runs/stream/event-log';
import { embedderOf } from './embedder';
import { traceWork } from './trace-work';

/** Indexing goes on beside the steps: a step never waits for an embedding. */
const indexing = new Set<Promise<void>>();

export function indexBeside(scope: EventScope, userId: string | null): void {
  const work = indexHead(scope, userId).finally(() => indexing.delete(work));
  indexing.add(work);
}

/** Waits for what this process still indexes. */
export async function indexingDone(): Promise<void> {
  await Promise.allSettled([...indexing]);
}

/** The index follows the head. Its failure never fails a run: search says what it knows. */
async function indexHead(scope: EventScope, userId: string | null): Promise<void> {
  try {
    const project = await db().project.findUnique({ where: { id: scope.projectId }, select: { headSnapshotId: true } });
    if (!project?.headSnapshotId) return;
    const snapshotId = project.headSnapshotId;
    await traceWork('index', () => indexSnapshot({ ...scope, snapshotId, embedCallFor: embedderOf(scope, userId) }));
  } catch (error) {
    logger().warn({ err: error, projectId: scope.projectId }, 'indexing failed');
  }
}
