import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedCatalogue } from '@/prisma/seed';
import { reserve, settle } from '@/server/credits/ledger/ledger';
import { openEmbedded } from '@/server/platform/db';
import { applyMigrations } from '@/server/platform/migrate';
import { seedOrganization } from '@/test/test-db';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-audit-'));
const [sound, corrupted] = [join(folder, 'sound'), join(folder, 'corrupted')];
let organizationId: string;

beforeAll(async () => {
  const database = await openEmbedded(sound);
  await applyMigrations(database);
  await seedCatalogue(database.prisma);
  ({ organizationId } = await seedOrganization(database, { monthlyMicro: 100n }));
  const { holdId } = await reserve(database.prisma, {
    organizationId,
    amount: 50n,
    idempotencyKey: 'audit',
    ttlMs: 1000,
  });
  await settle(database.prisma, { organizationId, holdId, actual: 40n });
  await database.close();
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `npm run ledger:audit` on the database in a folder. */
function audit(directory: string) {
  const { TEST_DATABASE_URL: _, DATABASE_URL: __, ...env } = process.env;
  return spawnSync(process.execPath, ['--import', './scripts/register.mjs', 'scripts/ledger-audit.ts'], {
    encoding: 'utf8',
    env: { ...env, DATA_DIR: directory },
  });
}

it('ends with 0 on a sound ledger, and with 1 and the differences on a corrupted copy of it', async () => {
  cpSync(sound, corrupted, { recursive: true });
  const copy = await openEmbedded(corrupted);
  await copy.prisma.$executeRaw`ALTER TABLE "CreditEntry" DISABLE TRIGGER USER`;
  await copy.prisma
    .$executeRaw`UPDATE "CreditEntry" SET "amount" = -39, "monthlyDelta" = -39 WHERE "organizationId" = ${organizationId} AND "kind" = 'usage'`;
  await copy.close();

  const right = audit(sound);
  expect([right.status, right.stdout]).toEqual([0, 'The ledger adds up.\n']);
  const wrong = audit(corrupted);
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain(`${organizationId}: entries = monthly + bonus: 61 <> 60`);
  expect(wrong.stderr).toContain(`${organizationId}: a settled hold has one usage entry of its amount`);
  expect(wrong.stderr).toContain(`${organizationId}: running balance`);
}, 120_000);
