import 'server-only';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { type Prisma, PrismaClient } from '@/prisma/generated/client';
import { env } from './env';
import { acquireOwnerLock, type OwnerLock } from './owner-lock';
import { PreparedPGlite } from './prepared-pglite';

/** The client inside a transaction. On PGlite nothing else may be queried while one is open. */
export type Tx = Prisma.TransactionClient;
/** Anything that can query: the client or a transaction. */
export type Client = PrismaClient | Tx;

/** An open database: embedded (`pglite`) or native (`pool`). */
export interface Database {
  prisma: PrismaClient;
  pglite: PGlite | null;
  pool: pg.Pool | null;
  close(): Promise<void>;
}

/** Longest wait for a transaction's turn and longest run of one, in milliseconds. PGlite runs one at a time. */
const TRANSACTION = { maxWait: 30_000, timeout: 60_000 } as const;

/** Opens the embedded database in a folder, or in memory. Takes the folder's owner lock. */
export async function openEmbedded(directory: string | 'memory', loadDataDir?: Blob): Promise<Database> {
  let lock: OwnerLock | null = null;
  if (directory !== 'memory') lock = acquireOwnerLock(directory);
  try {
    const pglite = new PreparedPGlite({
      ...(directory === 'memory' ? {} : { dataDir: join(directory, 'pg') }),
      ...(loadDataDir ? { loadDataDir } : {}),
      extensions: { vector },
    });
    await pglite.waitReady;
    const prisma = new PrismaClient({ adapter: new PrismaPGlite(pglite), transactionOptions: TRANSACTION });
    return {
      prisma,
      pglite,
      pool: null,
      close: async () => {
        await prisma.$disconnect();
        await pglite.close();
        lock?.release();
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/** Connects to a native Postgres with pgvector. */
export function openNative(url: string, max: number): Database {
  const pool = new pg.Pool({ connectionString: url, max });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions: TRANSACTION });
  return {
    prisma,
    pglite: null,
    pool,
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** One database a process, also across Next's bundles, which each have their own copy of this module. */
const holder = globalThis as typeof globalThis & { plumblineDb?: { open: Promise<Database>; ready?: Database } };

/** Opens the configured database once; later calls get the same one. */
export function openDatabase(): Promise<Database> {
  if (holder.plumblineDb === undefined) {
    const { DATABASE_URL, DATABASE_POOL, DATA_DIR } = env();
    const open =
      DATABASE_URL === undefined ? openEmbedded(DATA_DIR) : Promise.resolve(openNative(DATABASE_URL, DATABASE_POOL));
    const entry: { open: Promise<Database>; ready?: Database } = { open };
    holder.plumblineDb = entry;
    open.then(
      (database) => {
        entry.ready = database;
      },
      () => {
        // A failed opening is not kept: the caller got the error, the next call tries again.
        delete holder.plumblineDb;
      },
    );
  }
  return holder.plumblineDb.open;
}

/** Tests and tools: use this database for `db()` from now on. */
export function useDatabase(database: Database): void {
  holder.plumblineDb = { open: Promise.resolve(database), ready: database };
}

/** The open database. @throws Error when `openDatabase` has not finished. */
export function database(): Database {
  const ready = holder.plumblineDb?.ready;
  if (ready === undefined) throw new Error('the database is not open yet: await openDatabase() first');
  return ready;
}

/** The Prisma client. */
export function db(): PrismaClient {
  return database().prisma;
}

/** Runs `work` in one transaction. Inside, use only the client it is given. */
export function inTx<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
  return db().$transaction(work);
}

export async function closeDatabase(): Promise<void> {
  const entry = holder.plumblineDb;
  if (entry === undefined) return;
  delete holder.plumblineDb;
  await (await entry.open).close();
}
