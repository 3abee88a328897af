import type { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCatalogue } from '@/prisma/seed';
import { closeTestDb, emptyDatabase, testDb } from '@/test/test-db';
import { type Database, openEmbedded } from './db';
import { applyMigrations, diffAgainstSchema, listMigrations, pendingMigrations } from './migrate';
import { diffFunctions, functionSources } from './sql-functions';

describe('migrations', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);

  it('all apply to an empty database and a second run applies none', async () => {
    expect(listMigrations().migrationDirectories.length).toBeGreaterThan(0);
    expect(await pendingMigrations(database)).toEqual([]);
    expect(await applyMigrations(database)).toEqual([]);
  });

  it('a migration that failed, or whose process died, is applied by the next start', async () => {
    const half = await emptyDatabase();
    try {
      await half.prisma
        .$executeRaw`CREATE FUNCTION get_available_credits(org text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$`;
      await expect(applyMigrations(half)).rejects.toThrow();
      expect((await pendingMigrations(half)).length).toBeGreaterThan(0);
      await half.prisma.$executeRaw`DROP FUNCTION get_available_credits(text)`;
      await applyMigrations(half);
      expect(await pendingMigrations(half)).toEqual([]);
    } finally {
      await half.close();
    }
  });

  const functionSql = async () => {
    const { drops, changes } = await diffFunctions(embedded(database));
    return drops + changes;
  };

  const native = Boolean(process.env.TEST_DATABASE_URL);

  // The native driver adapter cannot read the catalogue's "char" columns, so there the two databases are compared instead.
  it.runIf(native)('make on the native database exactly what they make on the embedded one', async () => {
    const other = await openEmbedded('memory');
    await applyMigrations(other);
    expect(await catalogue(database)).toEqual(await catalogue(other));
    await other.close();
  });

  it.skipIf(native)('make exactly what the schema files say', async () => {
    expect(await diffAgainstSchema(database)).toBe('');
  });

  it.skipIf(native)('a column that only the database has shows up in the diff', async () => {
    await database.prisma.$executeRaw`ALTER TABLE "User" ADD COLUMN "planted" text`;
    expect(await diffAgainstSchema(database)).toContain('planted');
    await database.prisma.$executeRaw`ALTER TABLE "User" DROP COLUMN "planted"`;
  });

  it.skipIf(native)('make every SQL function and trigger as its source says', async () => {
    expect(functionSources().size).toBeGreaterThan(20);
    expect(await functionSql()).toBe('');
  });

  it.skipIf(native)(
    'a function or trigger that differs from its source shows up in the diff, and nothing else',
    async () => {
      const { prisma } = database;
      await prisma.$executeRaw`
      CREATE OR REPLACE FUNCTION get_available_credits(org text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT 1::bigint $$`;
      await prisma.$executeRaw`DROP TRIGGER credit_hold_kept ON "CreditHold"`;
      await prisma.$executeRaw`CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$`;
      const sql = await functionSql();
      expect(sql).toContain('DROP FUNCTION planted();');
      expect(sql).not.toContain('ledger_');
      await embedded(database).exec(sql);
      expect(await functionSql()).toBe('');
    },
  );

  it.skipIf(native)('a function with other arguments is dropped before its source is run', async () => {
    const { prisma } = database;
    await prisma.$executeRaw`DROP FUNCTION get_available_credits(text)`;
    await prisma.$executeRaw`CREATE FUNCTION get_available_credits(org text, extra int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$`;
    const sql = await functionSql();
    expect(sql).toContain('DROP FUNCTION get_available_credits(text,integer);');
    await embedded(database).exec(sql);
    expect(await functionSql()).toBe('');
  });

  it('the seed runs twice without harm', async () => {
    const before = await database.prisma.modelPrice.count();
    await seedCatalogue(database.prisma);
    expect(await database.prisma.modelPrice.count()).toBe(before);
  });
});

function embedded({ pglite }: Database): PGlite {
  if (pglite === null) throw new Error('no embedded database');
  return pglite;
}

/** Columns, indexes, constraints, triggers and functions of the application's schema. */
async function catalogue({ prisma }: Database): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ line: string }[]>`
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
    UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype::text IN ('c', 'f', 'p', 'u') AND conrelid::regclass::text NOT LIKE '%_prisma_migrations%'
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function ' || proname || pg_get_function_arguments(p.oid) || md5(prosrc) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype::text = 'e')`;
  return rows.map(({ line }) => line).sort();
}
