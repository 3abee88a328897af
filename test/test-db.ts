import 'server-only';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedCatalogue } from '@/prisma/seed';
import { closeDatabase, type Database, openEmbedded, openNative, useDatabase } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { applyMigrations, listMigrations } from '@/server/platform/migrate';
import { emptyNativeDatabase } from './native-database';

/**
 * A fresh, migrated and seeded database for one test file, and the one that `db()` then returns. Embedded in memory by
 * default; with TEST_DATABASE_URL a new database on that native server. Call `closeTestDb` in afterAll.
 */
export async function testDb(): Promise<Database> {
  const url = process.env.TEST_DATABASE_URL;
  const opened =
    url === undefined || url === '' ? await openEmbedded('memory', await embeddedTemplate()) : await nativeFresh(url);
  useDatabase(opened);
  return opened;
}

export async function closeTestDb(): Promise<void> {
  await closeDatabase();
}

/** A migrated and seeded database for `openEmbedded`. Migrating takes seconds, loading a dump of the result a fraction: the dump is kept by the hash of its inputs. */
export async function embeddedTemplate(): Promise<Blob> {
  const directory = join(tmpdir(), 'plumbline-test-templates');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${inputsHash()}.tar`);
  if (!existsSync(path)) {
    const template = await openEmbedded('memory');
    await applyMigrations(template);
    await seedCatalogue(template.prisma);
    const dump = await template.pglite?.dumpDataDir('none');
    if (dump === undefined) throw new Error('no embedded database');
    const partial = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
    writeFileSync(partial, Buffer.from(await dump.arrayBuffer()));
    renameSync(partial, path);
    await template.close();
  }
  return new Blob([readFileSync(path)]);
}

function inputsHash(): string {
  const hash = createHash('sha256');
  for (const path of ['prisma/seed.ts', 'prisma/catalogue.ts']) hash.update(readFileSync(path));
  for (const { path, migrationFile } of listMigrations().migrationDirectories) {
    hash.update(path).update(migrationFile.content.value);
  }
  return hash.digest('hex').slice(0, 24);
}

async function nativeFresh(server: string): Promise<Database> {
  const opened = await nativeEmpty(server);
  await applyMigrations(opened);
  await seedCatalogue(opened.prisma);
  return opened;
}

async function nativeEmpty(server: string): Promise<Database> {
  const { url, drop } = await emptyNativeDatabase(server);
  const opened = openNative(url, 10);
  const close = opened.close;
  opened.close = async () => {
    await close();
    await drop();
  };
  return opened;
}

/** As `testDb`, without a table, and not the one of `db()`; the caller closes it. */
export function emptyDatabase(): Promise<Database> {
  const url = process.env.TEST_DATABASE_URL;
  return url === undefined || url === '' ? openEmbedded('memory') : nativeEmpty(url);
}

/** Rows a test needs to act as somebody: a user with a personal organization on the free plan, and a balance. */
export async function seedOrganization(
  database: Database,
  options: { monthlyMicro?: bigint; bonusMicro?: bigint; planId?: string } = {},
): Promise<{ userId: string; organizationId: string }> {
  const userId = newId();
  const organizationId = newId();
  const periodStart = new Date();
  const periodEnd = new Date(periodStart.getTime() + 30 * 86_400_000);
  const monthly = options.monthlyMicro ?? 100_000_000n;
  const bonus = options.bonusMicro ?? 0n;
  const { prisma } = database;
  await prisma.user.create({ data: { id: userId, email: `${userId}@example.test`, onboardedAt: periodStart } });
  await prisma.organization.create({ data: { id: organizationId, name: 'Test', personalOfId: userId } });
  await prisma.membership.create({ data: { id: newId(), organizationId, userId, role: 'owner' } });
  await prisma.organizationPlan.create({
    data: { organizationId, planId: options.planId ?? 'free', periodStart, periodEnd },
  });
  await prisma.creditBalance.create({ data: { organizationId, monthly, bonus, periodStart, periodEnd } });
  if (monthly + bonus > 0n) {
    // The ledger's first invariant holds for test rows too: the entries add up to the balance.
    await prisma.$executeRaw`
      INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "idempotencyKey")
      VALUES (${newId()}, ${organizationId}, 'manual_adjustment', ${monthly + bonus}, ${monthly}, ${bonus}, ${monthly + bonus}, ${`seed:${organizationId}`})`;
  }
  return { userId, organizationId };
}
