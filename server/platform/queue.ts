import 'server-only';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { type Db, fromPglite, fromPrisma, PgBoss } from 'pg-boss';
import { database, type Tx } from './db';
import { logger } from './logger';
import { NoticeListener } from './notice-listener';

/** Jobs and their payloads. */
export interface Jobs {
  'run.advance': { runId: string };
  'answer.write': { runId: string };
  'events.compact': { projectId: string };
  'credits.reset': NoData;
  'plans.change': NoData;
  'credits.holds': NoData;
  'credits.notices': NoData;
  'ledger.reconcile': NoData;
}
type NoData = Record<string, never>;
export type JobName = keyof Jobs;

/** Jobs that run by the clock. */
export const SCHEDULED_JOBS = [
  'credits.reset',
  'plans.change',
  'credits.holds',
  'credits.notices',
  'ledger.reconcile',
] as const satisfies readonly JobName[];
export type ScheduledJob = (typeof SCHEDULED_JOBS)[number];

const NAMES: JobName[] = ['run.advance', 'answer.write', 'events.compact', ...SCHEDULED_JOBS];
/** Somebody waits for these: workers are told of a new one, and look by themselves only as a net below that. */
const TOLD: ReadonlySet<JobName> = new Set(['answer.write']);
/** Seconds between those looks. */
const POLL_TOLD_SECONDS = 5;
/** Schedules of earlier versions, taken away at start. */
const RETIRED_SCHEDULES = ['credits.upkeep'];
/** Seconds between looks for jobs; a run goes through all its steps in one job, so that this is paid once a run. */
const POLL_SECONDS = 0.5;
/** A job whose process gives no sign for this long is given to another: for the moment between taking a job and its lease. */
const HEARTBEAT_SECONDS = 30;
const RETRY = { retryLimit: 20, retryDelay: 1, retryBackoff: false } as const;
/** The clock sends the next one anyway: one more try, for a job whose process died. Seconds. */
const RETRY_SCHEDULED = { retryLimit: 1, retryDelay: 30, retryBackoff: false } as const;
const SCHEDULED: ReadonlySet<JobName> = new Set(SCHEDULED_JOBS);

const holder = globalThis as typeof globalThis & { plumblineQueue?: Promise<PgBoss> };

/** pg-boss on whichever database is open, started once a process. */
export function startQueue(): Promise<PgBoss> {
  holder.plumblineQueue ??= (async () => {
    const { pglite, pool } = database();
    const boss =
      pglite === null
        ? new PgBoss({
            db: nativeQueue(requirePool(pool)),
            schema: 'pgboss',
            useListenNotify: true,
          })
        : new PgBoss({ db: fromPglite(pglite), backend: 'pglite', schema: 'pgboss', useListenNotify: true });
    boss.on('error', (error: Error) => logger().error({ err: error }, 'queue error'));
    await boss.start();
    for (const name of NAMES) {
      const options = {
        ...(SCHEDULED.has(name) ? RETRY_SCHEDULED : RETRY),
        expireInSeconds: 23 * 3600,
        notify: TOLD.has(name),
        heartbeatSeconds: HEARTBEAT_SECONDS,
      };
      await boss.createQueue(name, options);
      // Of an earlier version, with that version's options.
      await boss.updateQueue(name, options);
      // Makes pg-boss read the queue's row now: reading it later, inside a transaction that sends a job, would wait for
      // that very transaction on the embedded database's only connection.
      await boss.deleteJob(name, randomUUID());
    }
    return boss;
  })();
  const starting = holder.plumblineQueue;
  starting.catch(() => {
    // A failed start is not kept: the caller got the error, the next call tries again.
    if (holder.plumblineQueue === starting) delete holder.plumblineQueue;
  });
  return starting;
}

function nativeQueue(pool: pg.Pool): Db {
  return {
    // The pool's answer as it is: to several statements in one text it is a list, which pg-boss reads.
    executeSql: (text, values) => pool.query(text, values),
    listen: async (channel, onNotice, onReconnect) => {
      const url = pool.options.connectionString;
      if (url === undefined) throw new Error('the pool does not say where it connects to');
      const listener = new NoticeListener(url, channel, (queue) => (queue === null ? onReconnect() : onNotice(queue)));
      return { close: async () => listener.close() };
    },
  };
}

function requirePool<T>(pool: T | null): T {
  if (pool === null) throw new Error('no database connection');
  return pool;
}

export async function stopQueue(): Promise<void> {
  const starting = holder.plumblineQueue;
  if (starting === undefined) return;
  delete holder.plumblineQueue;
  await (await starting).stop({ graceful: false });
}

export interface EnqueueOptions {
  /** Jobs of one group share the slots that `work` leaves it: the organization. */
  group?: string;
  /** Higher first, then in order of arrival. Default 0. */
  priority?: number;
  /** Not before this many milliseconds have passed, by the database's clock. */
  afterMs?: number;
}

/** Puts a job into the queue in the transaction that makes it necessary. */
export async function enqueue<N extends JobName>(
  tx: Tx,
  name: N,
  data: Jobs[N],
  { group, priority = 0, afterMs = 0 }: EnqueueOptions = {},
): Promise<void> {
  const boss = await startQueue();
  await boss.send(name, data, {
    db: fromPrisma(tx),
    priority,
    ...(group === undefined ? {} : { group: { id: group } }),
    ...(afterMs > 0 ? { startAfter: afterMs / 1000 } : {}),
  });
}

/**
 * How many of a process's slots one group may hold: all but a quarter, so that another group's job always finds a free one.
 * Counted in this process, not in the database: there, the jobs of a process that died would count for as long as they
 * may last.
 */
export function slotsOfAGroup(concurrency: number): number {
  return Math.max(1, concurrency - Math.max(1, Math.floor(concurrency / 4)));
}

/** Runs a handler for each job of a queue, `concurrency` at a time. A job whose handler throws is tried again. */
export async function work<N extends JobName>(
  name: N,
  concurrency: number,
  handler: (data: Jobs[N]) => Promise<void>,
): Promise<void> {
  const boss = await startQueue();
  const options = {
    pollingIntervalSeconds: POLL_SECONDS,
    notifyPollingIntervalSeconds: POLL_TOLD_SECONDS,
    batchSize: 1,
    localConcurrency: concurrency,
    localGroupConcurrency: slotsOfAGroup(concurrency),
  };
  await boss.work<Jobs[N]>(name, options, async (jobs) => {
    for (const job of jobs) await handler(job.data);
  });
}

/** Takes no more jobs of a queue and waits for those at hand. */
export async function endWork(name: JobName): Promise<void> {
  await (await startQueue()).offWork(name, { wait: true });
}

/** Cron expression in UTC; sent at most once a minute however many processes ask for it. */
export async function schedule(name: ScheduledJob, cron: string): Promise<void> {
  const boss = await startQueue();
  for (const retired of RETIRED_SCHEDULES) await boss.unschedule(retired);
  await boss.schedule(name, cron, {}, { tz: 'UTC' });
}

/** True when the queue answers. */
export async function queueReady(): Promise<boolean> {
  const boss = await startQueue();
  return (await boss.getQueues()).length >= NAMES.length;
}
