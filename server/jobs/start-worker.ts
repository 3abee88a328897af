import 'server-only';
import { hostname } from 'node:os';
import { env, isEmbedded } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { runJob } from '@/server/platform/job-status';
import { logger } from '@/server/platform/logger';
import { endWork, SCHEDULED_JOBS, schedule, work } from '@/server/platform/queue';
import { SCHEDULE } from '@/server/platform/schedule';
import { writeAnswer } from '@/server/runs/chat/write-answer';
import { advanceRun } from '@/server/runs/engine/engine';
import { compactEvents } from '@/server/runs/stream/event-log';
import { RUN_LIMITS } from '@/server/runs/stream/run-limits';
import { sweepFolders } from '@/server/workspace/sandbox/folder';
import { reportSandbox } from '@/server/workspace/sandbox/select-sandbox';
import { HANDLERS } from './handlers/scheduled';
import { reclaimAll, reclaimExpired } from './reclaim';

export interface Worker {
  stop(): Promise<void>;
}

/** Takes jobs until stopped. One a process: in the web process when embedded, `npm run worker` otherwise. */
export async function startWorker(): Promise<Worker> {
  // The process is in the name: the row shows whose run it is.
  const owner = `${hostname()}:${process.pid}:${newId()}`;
  const closing = new AbortController();
  // Neither throws, and no run waits for them.
  void sweepFolders();
  if (env().APP_ENV === 'production') void reportSandbox(env().SANDBOX);
  if (isEmbedded()) await reclaimAll({ enqueueRuns: true });
  await work('run.advance', env().WORKER_CONCURRENCY, async ({ runId }) => {
    const advanced = await advanceRun(runId, { owner, signal: closing.signal });
    // Held by a worker that may be dead: the job comes back after a second and finds the lease free in the end.
    if (advanced === 'elsewhere') throw new Error(`run ${runId} is held by another worker`);
  });
  await work('answer.write', RUN_LIMITS.answersAtOnce, ({ runId }) =>
    writeAnswer(runId, { owner, signal: closing.signal }),
  );
  await work('events.compact', 1, async ({ projectId }) => {
    await compactEvents(projectId);
  });
  for (const name of SCHEDULED_JOBS) {
    await work(name, 1, () => runJob(name, HANDLERS[name]));
    await schedule(name, SCHEDULE[name].cron);
  }
  const reclaim = setInterval(() => {
    reclaimExpired().catch((error: unknown) => logger().error({ err: error }, 'reclaim failed'));
  }, RUN_LIMITS.reclaimMs);
  return {
    stop: async () => {
      clearInterval(reclaim);
      closing.abort();
      // An answer ends at once with what there is, while the database is still open; a run goes on elsewhere by its lease.
      await endWork('answer.write');
    },
  };
}
