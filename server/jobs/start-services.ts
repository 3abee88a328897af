import 'server-only';
import { syncEnvironmentModels } from '@/server/models/catalogue/catalogue';
import { bootDatabase } from '@/server/platform/boot';
import { closeDatabase, db } from '@/server/platform/db';
import { env, environmentWarnings, isEmbedded } from '@/server/platform/env';
import { logger } from '@/server/platform/logger';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { startWorker } from './start-worker';

/** Starts a web process. One whose start fails ends: it could only answer with errors. */
export async function startOrEnd(): Promise<void> {
  try {
    await startServices();
  } catch (error) {
    console.error('Plumbline could not start:', error);
    process.exit(1);
  }
}

/** Everything a web process needs: database, migrations, catalogue, queue, and the worker when it lives here. */
async function startServices(): Promise<void> {
  await bootDatabase();
  await syncEnvironmentModels(db());
  await startQueue();
  for (const warning of environmentWarnings()) logger().warn(warning);
  const worker = (env().WORKER_IN_WEB ?? isEmbedded()) ? await startWorker() : null;
  const close = async (signal: string) => {
    logger().info({ signal }, 'closing');
    await worker?.stop();
    await stopQueue();
    await closeDatabase();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void close(signal));
}
