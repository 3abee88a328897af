import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCatalogue } from '@/prisma/seed';
import { closeTestDb, testDb } from '@/test/test-db';
import { type Database, openEmbedded } from './db';
import { applyMigrations, diffAgainstSchema, listMigrations, pendingMigrations } from './migrate';

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

  const native = Boolean(process.env.TEST_DATABASE_URL);

  // The native driver adapter cannot read the catalogue's "char" columns, so there the two databases are compared instead.
  it.runIf(native)('make on the native database exactly what they make on the embedded one', async () => {
    const embedded = await openEmbedded('memory');
    await applyMigrations(embedded);
    expect(await catalogue(database)).toEqual(await catalogue(embedded));
    await embedded.close();
  });

  it.skipIf(native)('make exactly what the schema files say', async () => {
    expect(await diffAgainstSchema(database)).toBe('');
  });

  it.skipIf(native)('a column that only the database has shows up in the diff', async () => {
    await database.prisma.$executeRaw`ALTER TABLE "User" ADD COLUMN "planted" text`;
    expect(await diffAgainstSchema(database)).toContain('planted');
    await database.prisma.$executeRaw`ALTER TABLE "User" DROP COLUMN "planted"`;
  });

  it('the seed runs twice without harm', async () => {
    const before = await database.prisma.modelPrice.count();
    await seedCatalogue(database.prisma);
    expect(await database.prisma.modelPrice.count()).toBe(before);
  });
});

/** Columns, indexes, constraints, triggers and functions of the application's schema. */
async function catalogue({ prisma }: Database): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ line: string }[]>`
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
    UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype::text IN ('c', 'f', 'p', 'u') AND conrelid::regclass::text NOT LIKE '%_prisma_migrations%'
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function ' || proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype::text = 'e')`;
  return rows.map(({ line }) => line).sort();
}
