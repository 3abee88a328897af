import 'server-only';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaContainer, SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import type { Database } from './db';

/**
 * Migrations through Prisma's own schema engine, as WebAssembly, on either database. The Prisma 7 command line downloads
 * a native engine, which an offline machine cannot; the files and the `_prisma_migrations` table are the same.
 */
export const MIGRATIONS_DIR = 'prisma/migrations';
const SCHEMA_DIR = 'prisma/schema';
const NO_FILTER = { externalTables: [], externalEnums: [] };

interface EngineModule {
  SchemaEngine: typeof SchemaEngine;
  __wbg_set_wasm(exports: WebAssembly.Exports): void;
}

let engineModule: Promise<EngineModule> | undefined;

/** Instantiates the engine's WebAssembly by hand: importing .wasm as a module needs a flag and confuses bundlers. */
function loadEngineModule(): Promise<EngineModule> {
  engineModule ??= (async () => {
    const require = createRequire(join(process.cwd(), 'package.json'));
    const entry = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
    const glue = (await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ entry)) as EngineModule &
      WebAssembly.ModuleImports;
    const bytes = readFileSync(entry.replace(/\.js$/, '.wasm'));
    const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue });
    glue.__wbg_set_wasm(instance.exports);
    const start = instance.exports.__wbindgen_start;
    if (typeof start === 'function') start();
    return glue;
  })();
  return engineModule;
}

/** The engine's advisory lock. */
const MIGRATION_LOCK = 72_707_369;

const updateUnfinished = (column: 'finished_at' | 'rolled_back_at') => `
DO $$ BEGIN
  IF to_regclass('_prisma_migrations') IS NOT NULL THEN
    UPDATE "_prisma_migrations" SET "${column}" = now() WHERE "finished_at" IS NULL AND "rolled_back_at" IS NULL;
  END IF;
END $$;`;

/**
 * A script and its end are one transaction, because the server takes them as one text. The engine notes the end by itself, but
 * afterwards: a process killed in between would leave a migration that is done and looks undone.
 */
const MARK_DONE = `\n;${updateUnfinished('finished_at')}`;

/**
 * What a killed process or an error left unfinished was therefore undone as a whole, and is applied again. The engine's own
 * lock comes first: the server may still be at the script of a process that is dead.
 */
const FORGET_UNFINISHED = `
BEGIN; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(${MIGRATION_LOCK});${updateUnfinished('rolled_back_at')} COMMIT;`;

/** The adapter's `executeScript` does not wait for PGlite and loses its error: a failing migration would pass. */
function migrationFactory(pglite: PGlite): PrismaPGlite {
  const factory = new PrismaPGlite(pglite);
  const patch = (client: PGlite, adapter: Awaited<ReturnType<PrismaPGlite['connect']>>) => {
    adapter.executeScript = async (script: string) => {
      await client.exec(script + MARK_DONE);
    };
    return adapter;
  };
  const connect = factory.connect.bind(factory);
  factory.connect = async () => patch(pglite, await connect());
  factory.connectToShadowDb = async () => {
    const shadow = await PGlite.create({ extensions: { vector } });
    return patch(shadow, await new PrismaPGlite(shadow).connect());
  };
  return factory;
}

/**
 * Gives the engine to `work`. On a native database the engine has one connection of its own, closed after: its advisory lock
 * belongs to the session, and a pooled session would keep it for as long as requests keep that session busy.
 */
async function withEngine<T>(database: Database, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { pglite, pool } = database;
  const own = pool === null ? null : new pg.Pool({ connectionString: pool.options.connectionString, max: 1 });
  try {
    const { SchemaEngine } = await loadEngineModule();
    const datamodels = readSchema().map(({ path, content }): [string, string] => [path, content]);
    const factory = bindMigrationAwareSqlAdapterFactory(factoryOf(pglite, own));
    const engine = await SchemaEngine.new({ datamodels }, () => undefined, factory);
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await own?.end();
  }
}

/** The adapter splits a script at every semicolon, also inside of functions: the server splits it right. */
function nativeFactory(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool);
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    adapter.executeScript = async (script: string) => {
      await pool.query(script + MARK_DONE);
    };
    return adapter;
  };
  return factory;
}

function factoryOf(pglite: PGlite | null, pool: pg.Pool | null): SqlMigrationAwareDriverAdapterFactory {
  if (pglite !== null) return migrationFactory(pglite);
  if (pool !== null) return nativeFactory(pool);
  throw new Error('no database connection');
}

/** The migrations on disk, oldest first. */
export function listMigrations(): MigrationList {
  const lockPath = join(MIGRATIONS_DIR, 'migration_lock.toml');
  const names = existsSync(MIGRATIONS_DIR)
    ? readdirSync(MIGRATIONS_DIR, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    : [];
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: { path: 'migration_lock.toml', content: existsSync(lockPath) ? readFileSync(lockPath, 'utf8') : null },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(MIGRATIONS_DIR, name, 'migration.sql'), 'utf8') },
      },
    })),
  };
}

function readSchema(): SchemaContainer[] {
  return readdirSync(SCHEMA_DIR)
    .filter((name) => name.endsWith('.prisma'))
    .sort()
    .map((name) => ({ path: `${SCHEMA_DIR}/${name}`, content: readFileSync(join(SCHEMA_DIR, name), 'utf8') }));
}

/**
 * Applies all migrations that the database has not seen, in order. A database that has seen all is only read.
 * @returns the names applied now.
 */
export async function applyMigrations(database: Database): Promise<string[]> {
  if ((await pendingMigrations(database)).length === 0) return [];
  await (database.pglite?.exec(FORGET_UNFINISHED) ?? database.pool?.query(FORGET_UNFINISHED));
  return withEngine(database, async (engine) => {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: listMigrations(),
      filters: NO_FILTER,
    });
    return appliedMigrationNames;
  });
}

/** Names of migrations on disk that the database has not finished. */
export async function pendingMigrations(database: Database): Promise<string[]> {
  const names = listMigrations().migrationDirectories.map(({ path }) => path);
  try {
    const rows = await database.prisma.$queryRaw<{ migration_name: string }[]>`
      SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`;
    const done = new Set(rows.map((row) => row.migration_name));
    return names.filter((name) => !done.has(name));
  } catch (error) {
    if (error instanceof Error && /_prisma_migrations/.test(error.message)) return names;
    throw error;
  }
}

/**
 * SQL that turns what the migrations make into what the schema files say; empty when they agree. `database` is a scratch
 * database with every migration applied.
 */
export function diffAgainstSchema(database: Database): Promise<string> {
  return withEngine(database, async (engine) => {
    const result = await engine.diff({
      from: { tag: 'schemaDatasource', files: readSchema(), configDir: process.cwd() },
      to: { tag: 'schemaDatamodel', files: readSchema() },
      script: true,
      exitCode: null,
      filters: NO_FILTER,
    });
    const sql = result.stdout ?? '';
    return /^\s*(--[^\n]*\s*)*$/.test(sql) ? '' : sql;
  });
}
