import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { type Audited, addCall, rulesAfter as rulesAfterIn, seedAudited } from '@/test/audit-fixtures';
import { closeTestDb, testDb } from '@/test/test-db';
import { auditLedger } from './audit';

describe('the audit', () => {
  let database: Database;
  let account: Audited;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);
  beforeEach(async () => {
    account = await seedAudited(database);
  });

  const rulesAfter = (corrupt: (tx: Tx) => Promise<unknown>) => rulesAfterIn(database, account.organizationId, corrupt);

  it('finds nothing in a sound ledger', async () => {
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('finds a balance that its entries and holds do not make', async () => {
    const where = { organizationId: account.organizationId };
    const balance = (data: Record<string, unknown>) => (tx: Tx) => tx.creditBalance.update({ where, data });
    expect(await rulesAfter(balance({ bonus: { increment: 1 } }))).toEqual(['entries = monthly + bonus']);
    expect(await rulesAfter(balance({ bonus: { increment: 1 }, monthly: { decrement: 1 } }))).toEqual([
      'monthly entries = monthly',
    ]);
    expect(await rulesAfter(balance({ held: { increment: 1 } }))).toEqual(['open holds = held']);
    expect(await rulesAfter(balance({ owed: { decrement: 1 } }))).toEqual(['owed entries = owed']);
    expect(await rulesAfter(balance({ periodEnd: new Date('2090-01-01') }))).toEqual([
      'the plan has the period of the balance',
    ]);
  });

  it('finds a changed, a lost and a doubled entry', async () => {
    const entries = (kind: string) => (tx: Tx) =>
      tx.creditEntry.findFirstOrThrow({ where: { organizationId: account.organizationId, kind: kind as 'usage' } });
    expect(
      await rulesAfter(async (tx) => {
        const { id } = await entries('usage')(tx);
        await tx.$executeRaw`UPDATE "CreditEntry" SET "amount" = -31, "monthlyDelta" = -31 WHERE "id" = ${id}`;
      }),
    ).toEqual(
      expect.arrayContaining([
        'entries = monthly + bonus',
        'running balance',
        'a settled hold has one usage entry of its amount',
        'a usage is its actual cost less what was absorbed',
      ]),
    );
    expect(
      await rulesAfter(async (tx) => {
        const { id } = await entries('usage')(tx);
        await tx.creditEntry.delete({ where: { id } });
      }),
    ).toEqual(
      expect.arrayContaining([
        'a settled hold has one usage entry of its amount',
        'a call is refunded at most what it was charged',
      ]),
    );
    expect(
      await rulesAfter(async (tx) => {
        await tx.$executeRaw`DROP INDEX "CreditEntry_idempotencyKey_key"`;
        const { id } = await entries('topup_purchase')(tx);
        await tx.$executeRaw`
          INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "idempotencyKey", "metadata")
          SELECT ${newId()}, "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "idempotencyKey", "metadata"
          FROM "CreditEntry" WHERE "id" = ${id}`;
      }),
    ).toEqual(
      expect.arrayContaining([
        'an entry has a key of its own',
        'a purchase is granted once, when it is paid, and in full',
      ]),
    );
  });

  it('finds a call that was charged something else than its entry says, or nothing', async () => {
    const call = (tx: Tx, data: { chargedMicro: bigint; holdId: string | null }) =>
      addCall(tx, { id: newId(), organizationId: account.organizationId, ...data });
    expect(await rulesAfter((tx) => call(tx, { chargedMicro: 30n, holdId: null }))).toEqual([
      'a call says what its entry charged',
    ]);
    expect(await rulesAfter((tx) => call(tx, { chargedMicro: 0n, holdId: 'a-hold' }))).toEqual([
      'a call that succeeded is charged',
    ]);
    // An own key without a fee: nothing was held, nothing is charged.
    expect(await rulesAfter((tx) => call(tx, { chargedMicro: 0n, holdId: null }))).toEqual([]);
  });

  it('finds a changed hold', async () => {
    expect(
      await rulesAfter(
        (tx) =>
          tx.$executeRaw`UPDATE "CreditHold" SET "settledAmount" = 29 WHERE "organizationId" = ${account.organizationId} AND "status" = 'settled'`,
      ),
    ).toEqual(['a settled hold has one usage entry of its amount']);
    expect(
      await rulesAfter(
        (tx) =>
          tx.$executeRaw`UPDATE "CreditHold" SET "status" = 'released', "closedAt" = now() WHERE "organizationId" = ${account.organizationId} AND "status" = 'pending'`,
      ),
    ).toEqual(['open holds = held']);
  });

  it('finds a purchase whose facts its entries do not show', async () => {
    const purchase = (data: Record<string, unknown>) => (tx: Tx) =>
      tx.purchase.update({ where: { id: account.purchaseId }, data });
    expect(await rulesAfter(purchase({ clawedMicro: 499n }))).toEqual([
      'what was clawed back of a purchase is in its entries',
    ]);
    expect(await rulesAfter(purchase({ clawedMicro: 499n, owedMicro: 1n }))).toEqual([
      'what was clawed back of a purchase is in its entries',
    ]);
    expect(await rulesAfter(purchase({ paidAt: null }))).toEqual([
      'a purchase is granted once, when it is paid, and in full',
    ]);
    expect(await rulesAfter((tx) => tx.purchase.delete({ where: { id: account.purchaseId } }))).toEqual([
      'an entry belongs to a purchase of its organization',
      'an entry belongs to a purchase of its organization',
    ]);
  });
});
