import 'server-only';
import { syncEnvironmentModels } from '@/server/models/catalogue/catalogue';
import { closeDatabase, db, openDatabase } from '@/server/platform/db';
import { env, isEmbedded } from '@/server/platform/env';
import { pendingMigrations } from '@/server/platform/migrate';
import { stopQueue } from '@/server/platform/queue';
import { startWorker } from './start-worker';

/** `npm run worker`: a worker process beside the web processes, for a native Postgres. */
if (isEmbedded()) {
  console.error(
    'The embedded database has one owner, and its worker runs inside the web process. Set DATABASE_URL to run workers.',
  );
  process.exit(1);
}
const opened = await openDatabase();
const missing = await pendingMigrations(opened);
if (missing.length > 0) {
  console.error(`The database lacks migrations (${missing.join(', ')}): start the web process first.`);
  process.exit(1);
}
await syncEnvironmentModels(db());
const worker = await startWorker();
console.log(`worker ${process.pid} takes jobs, ${env().WORKER_CONCURRENCY} runs at once`);
const close = async () => {
  await worker.stop();
  await stopQueue();
  await closeDatabase();
  process.exit(0);
};
process.on('SIGTERM', () => void close());
process.on('SIGINT', () => void close());
