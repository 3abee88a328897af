import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';

let database: Database;
let organizationId: string;
beforeAll(async () => {
  database = await testDb();
  ({ organizationId } = await seedOrganization(database));
});
afterAll(closeTestDb);

const entry = (kind: string, amount: number) =>
  `INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "idempotencyKey")
   VALUES ('entry', '${organizationId}', '${kind}', ${amount}, ${amount}, 0, 0, 'entry')`;

it.each([
  ['a usage above zero', () => entry('usage', 5), 'CreditEntry_sign_check'],
  ['a purchase below zero', () => entry('topup_purchase', -5), 'CreditEntry_sign_check'],
  [
    'a hold settled below zero',
    () =>
      `INSERT INTO "CreditHold" ("id", "organizationId", "amount", "status", "idempotencyKey", "settledAmount", "expiresAt", "closedAt")
       VALUES ('hold', '${organizationId}', 5, 'settled', 'hold', -7, now(), now())`,
    'CreditHold_settledAmount_check',
  ],
  ['a plan that grants less than nothing', () => `UPDATE "Plan" SET "monthlyMicro" = -5`, 'Plan_amounts_check'],
  ['a package that is paid out', () => `UPDATE "TopupPackage" SET "priceUsdCents" = -1`, 'TopupPackage_amounts_check'],
  [
    'an image price below zero',
    () =>
      `INSERT INTO "ModelPrice" ("id", "modelRowId", "inputPerMillion", "outputPerMillion", "cachedPerMillion", "imageInPerUnit", "effectiveFrom")
       VALUES ('price', 'demo:demo', 1, 1, 1, -50, now())`,
    'ModelPrice_images_check',
  ],
  [
    'a negative count of requests',
    () =>
      `INSERT INTO "RateCounter" ("organizationId", "capability", "window", "count") VALUES ('${organizationId}', 'ask', 'minute:x', -100)`,
    'RateCounter_count_check',
  ],
  ['prices that are emptied', () => `TRUNCATE "ModelPrice" CASCADE`, 'append-only'],
])('the database refuses %s', async (_, statement, reason) => {
  await expect(database.prisma.$executeRawUnsafe(statement())).rejects.toThrow(reason);
});
