import 'server-only';
import { randomUUID } from 'node:crypto';
import { fromPglite, fromPrisma, PgBoss } from 'pg-boss';
import { database, type Tx } from './db';
import { logger } from './logger';

/** Jobs and their payloads. */
export interface Jobs {
  'run.advance': { runId: string };
  'events.compact': { projectId: string };
  'credits.upkeep': Record<string, never>;
}
export type JobName = keyof Jobs;

const NAMES: JobName[] = ['run.advance', 'events.compact', 'credits.upkeep'];
/** Seconds between looks for jobs; a run goes through all its steps in one job, so that this is paid once a run. */
const POLL_SECONDS = 0.5;

const holder = globalThis as typeof globalThis & { plumblineQueue?: Promise<PgBoss> };

/** pg-boss on whichever database is open, started once a process. */
export function startQueue(): Promise<PgBoss> {
  holder.plumblineQueue ??= (async () => {
    const { pglite, pool } = database();
    const boss =
      pglite === null
        ? new PgBoss({
            db: {
              executeSql: async (text: string, values?: unknown[]) => ({
                rows: (await requirePool(pool).query(text, values)).rows,
              }),
            },
            schema: 'pgboss',
          })
        : new PgBoss({ db: fromPglite(pglite), backend: 'pglite', schema: 'pgboss' });
    boss.on('error', (error: Error) => logger().error({ err: error }, 'queue error'));
    await boss.start();
    for (const name of NAMES) {
      await boss.createQueue(name, { retryLimit: 20, retryDelay: 1, retryBackoff: false, expireInSeconds: 23 * 3600 });
      // Makes pg-boss read the queue's row now: reading it later, inside a transaction that sends a job, would wait for
      // that very transaction on the embedded database's only connection.
      await boss.deleteJob(name, randomUUID());
    }
    return boss;
  })();
  return holder.plumblineQueue;
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

/** Puts a job into the queue in the transaction that makes it necessary. */
export async function enqueue<N extends JobName>(tx: Tx, name: N, data: Jobs[N]): Promise<void> {
  const boss = await startQueue();
  await boss.send(name, data, { db: fromPrisma(tx) });
}

/** Runs a handler for each job of a queue. A job whose handler throws is tried again. */
export async function work<N extends JobName>(
  name: N,
  concurrency: number,
  handler: (data: Jobs[N]) => Promise<void>,
): Promise<void> {
  const boss = await startQueue();
  for (let i = 0; i < concurrency; i++) {
    await boss.work<Jobs[N]>(name, { pollingIntervalSeconds: POLL_SECONDS, batchSize: 1 }, async (jobs) => {
      for (const job of jobs) await handler(job.data);
    });
  }
}

export async function schedule(name: JobName, cron: string): Promise<void> {
  await (await startQueue()).schedule(name, cron, {});
}

/** True when the queue answers. */
export async function queueReady(): Promise<boolean> {
  const boss = await startQueue();
  return (await boss.getQueues()).length >= NAMES.length;
}
