import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCatalogue } from '@/prisma/seed';
import type { Database } from './db';
import { applyMigrations, diffAgainstSchema, listMigrations, pendingMigrations } from './migrate';
import { closeTestDb, testDb } from './test-db';

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

  it('make exactly what the schema files say', async () => {
    expect(await diffAgainstSchema(database)).toBe('');
  });

  it('a column that only the database has shows up in the diff', async () => {
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
