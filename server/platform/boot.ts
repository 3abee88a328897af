import 'server-only';
import pg from 'pg';
import { seedCatalogue } from '@/prisma/seed';
import { type Database, openDatabase } from './db';
import { applyMigrations } from './migrate';

/** Advisory lock of a starting process; the number is arbitrary and used for nothing else. */
const START_LOCK = 7_586_251;
/** Longest wait for processes that started earlier: far above what all migrations take. */
const START_WAIT = '60s';

/** Opens the database, brings it up to date and writes the catalogue. */
export async function bootDatabase(): Promise<void> {
  const database = await openDatabase();
  await oneAtATime(database, async () => {
    await applyMigrations(database);
    await seedCatalogue(database.prisma);
  });
}

/**
 * Processes that start together on a native database take turns. The lock is a session's: it has a connection of its own,
 * and ends with it, also when the process is killed.
 */
async function oneAtATime({ pool }: Database, work: () => Promise<void>): Promise<void> {
  if (pool === null) return work();
  const session = new pg.Client({ connectionString: pool.options.connectionString });
  await session.connect();
  try {
    await session.query(`SET lock_timeout = '${START_WAIT}'`);
    await session.query('SELECT pg_advisory_lock($1)', [START_LOCK]);
    await work();
  } finally {
    await session.end();
  }
}
