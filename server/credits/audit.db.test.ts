import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { auditLedger } from './audit';
import { clawBack } from './claw-back';
import { absorbCalls, grant, reserve, settle } from './ledger';

/** Ends a transaction whose changes are not wanted. */
class RolledBack extends Error {}

describe('the audit', () => {
  let database: Database;
  let organizationId: string;
  let purchaseId: string;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);

  /** An account with some of everything. */
  beforeEach(async () => {
    ({ organizationId } = await seedOrganization(database, { monthlyMicro: 100n, bonusMicro: 50n }));
    purchaseId = newId();
    const { prisma } = database;
    const own = { organizationId, idempotencyKey: newId() };
    const { holdId } = await reserve(prisma, { ...own, amount: 40n, ttlMs: 60_000 });
    await reserve(prisma, { organizationId, idempotencyKey: newId(), amount: 20n, ttlMs: 60_000 });
    await settle(prisma, { organizationId, holdId, actual: 30n, modelCallId: `call-${organizationId}` });
    await absorbCalls(prisma, { organizationId, modelCallIds: [`call-${organizationId}`], note: 'rework' });
    await prisma.purchase.create({
      data: {
        id: purchaseId,
        organizationId,
        packageId: 'starter',
        creditsMicro: 500n,
        priceUsdCents: 5,
        paidAt: new Date(),
        clawedMicro: 500n,
        owedMicro: 0n,
      },
    });
    const metadata = { purchaseId };
    await grant(prisma, { ...own, kind: 'topup_purchase', amount: 500n, bucket: 'bonus', metadata });
    await clawBack(prisma, { organizationId, idempotencyKey: newId(), amount: 500n, metadata });
    await clawBack(prisma, { organizationId, idempotencyKey: newId(), amount: 70n });
  });

  /** The rules found broken after `corrupt`, on a copy that is thrown away, with every guard of the database off. */
  async function rulesAfter(corrupt: (tx: Tx) => Promise<unknown>): Promise<string[]> {
    let rules: string[] = [];
    const run = database.prisma.$transaction(async (tx) => {
      await tx.$executeRaw`ALTER TABLE "CreditEntry" DISABLE TRIGGER USER`;
      await tx.$executeRaw`ALTER TABLE "CreditHold" DISABLE TRIGGER USER`;
      await corrupt(tx);
      const scoped = await auditLedger(tx, organizationId);
      expect(await auditLedger(tx)).toEqual(expect.arrayContaining(scoped));
      rules = scoped.map(({ rule }) => rule);
      throw new RolledBack();
    });
    await expect(run).rejects.toBeInstanceOf(RolledBack);
    return rules;
  }

  it('finds nothing in a sound ledger', async () => {
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('finds a balance that its entries and holds do not make', async () => {
    const where = { organizationId };
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
      tx.creditEntry.findFirstOrThrow({ where: { organizationId, kind: kind as 'usage' } });
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
      tx.modelCall.create({
        data: {
          id: newId(),
          organizationId,
          role: 'ask',
          capability: 'ask',
          quality: 'fast',
          modelRowId: 'demo:demo',
          modelLabel: 'Demo',
          idempotencyKey: newId(),
          promptVersion: 'test',
          status: 'succeeded',
          ...data,
        },
      });
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
          tx.$executeRaw`UPDATE "CreditHold" SET "settledAmount" = 29 WHERE "organizationId" = ${organizationId} AND "status" = 'settled'`,
      ),
    ).toEqual(['a settled hold has one usage entry of its amount']);
    expect(
      await rulesAfter(
        (tx) =>
          tx.$executeRaw`UPDATE "CreditHold" SET "status" = 'released', "closedAt" = now() WHERE "organizationId" = ${organizationId} AND "status" = 'pending'`,
      ),
    ).toEqual(['open holds = held']);
  });

  it('finds a purchase whose facts its entries do not show', async () => {
    const purchase = (data: Record<string, unknown>) => (tx: Tx) =>
      tx.purchase.update({ where: { id: purchaseId }, data });
    expect(await rulesAfter(purchase({ clawedMicro: 499n }))).toEqual([
      'what was clawed back of a purchase is in its entries',
    ]);
    expect(await rulesAfter(purchase({ clawedMicro: 499n, owedMicro: 1n }))).toEqual([
      'what was clawed back of a purchase is in its entries',
    ]);
    expect(await rulesAfter(purchase({ paidAt: null }))).toEqual([
      'a purchase is granted once, when it is paid, and in full',
    ]);
    expect(await rulesAfter((tx) => tx.purchase.delete({ where: { id: purchaseId } }))).toEqual([
      'an entry belongs to a purchase of its organization',
      'an entry belongs to a purchase of its organization',
    ]);
  });
});
