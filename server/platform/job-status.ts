import 'server-only';
import type { Prisma } from '@/prisma/generated/client';
import { now } from './clock';
import { db, inTx } from './db';
import { logger } from './logger';
import { enqueue, SCHEDULED_JOBS, type ScheduledJob } from './queue';
import { nextRun, SCHEDULE } from './schedule';

/** Runs a scheduled job and keeps what came of it for the operator page. A failure is kept, logged, and thrown on. */
export async function runJob(name: ScheduledJob, handler: () => Promise<Prisma.InputJsonObject>): Promise<void> {
  await db().jobStatus.upsert({
    where: { name },
    create: { name, lastStartedAt: now() },
    update: { lastStartedAt: now() },
  });
  try {
    const lastResult = await handler();
    await db().jobStatus.update({ where: { name }, data: { lastFinishedAt: now(), lastResult, failures: 0 } });
  } catch (error) {
    const lastError = error instanceof Error ? error.message.slice(0, 500) : 'unknown failure';
    logger().error({ err: error, job: name }, 'scheduled job failed');
    await db().jobStatus.update({
      where: { name },
      data: { lastError, lastErrorAt: now(), failures: { increment: 1 } },
    });
    throw error;
  }
}

/** Every scheduled job with its last run, next run and last error. */
export async function viewJobs() {
  const rows = await db().jobStatus.findMany();
  return SCHEDULED_JOBS.map((name) => {
    const row = rows.find((known) => known.name === name);
    const { title, cron } = SCHEDULE[name];
    return {
      name,
      title,
      cron,
      lastStartedAt: row?.lastStartedAt ?? null,
      lastFinishedAt: row?.lastFinishedAt ?? null,
      lastResult: row?.lastResult ?? null,
      lastError: row?.lastError ?? null,
      lastErrorAt: row?.lastErrorAt ?? null,
      failures: row?.failures ?? 0,
      nextRunAt: nextRun(cron, now()),
    };
  });
}

/** Asks a worker to run a job now, beside its schedule; each is idempotent, so that does no harm. */
export async function requestJob(name: ScheduledJob): Promise<void> {
  await inTx((tx) => enqueue(tx, name, {}));
}
