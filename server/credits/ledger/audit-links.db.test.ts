import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { type Audited, rulesAfter as rulesAfterIn, seedAudited } from '@/test/audit-fixtures';
import { closeTestDb, testDb } from '@/test/test-db';

describe('the audit follows a charge', () => {
  let database: Database;
  let account: Audited;
  let other: Audited;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);
  beforeEach(async () => {
    account = await seedAudited(database);
    other = await seedAudited(database);
  });

  const rulesAfter = (corrupt: (tx: Tx) => Promise<unknown>) => rulesAfterIn(database, account.organizationId, corrupt);

  /** Balances and running balances are put right, as somebody who hides it would. */
  async function moveCharge(tx: Tx): Promise<void> {
    const [from, to] = [account.organizationId, other.organizationId];
    await tx.$executeRaw`UPDATE "CreditEntry" SET "organizationId" = ${to}, "userId" = NULL WHERE "modelCallId" = ${account.callId}`;
    for (const organizationId of [from, to]) {
      await tx.$executeRaw`
        UPDATE "CreditEntry" e SET "balanceAfter" = r.running
        FROM (SELECT "id", sum("amount") OVER (ORDER BY "seq") AS running FROM "CreditEntry" WHERE "organizationId" = ${organizationId}) r
        WHERE r."id" = e."id"`;
    }
  }

  it('to its own organization: a charge that another one bears is found from both sides', async () => {
    expect((await rulesAfter(moveCharge)).sort()).toEqual([
      'a call says what its entry charged',
      'a call that succeeded is charged',
      'a charge belongs to a call that succeeded',
      'a settled hold has one usage entry of its amount',
      'a usage belongs to a settled hold',
    ]);
    // Nor do a call that now looks unpaid and a hold that is gone hide it.
    const hidden = await rulesAfter(async (tx) => {
      await moveCharge(tx);
      await tx.modelCall.update({ where: { id: account.callId }, data: { status: 'failed', chargedMicro: 0n } });
      await tx.$executeRaw`DELETE FROM "CreditHold" WHERE "id" = ${account.holdId}`;
    });
    expect(hidden.sort()).toEqual(['a charge belongs to a call that succeeded', 'a usage belongs to a settled hold']);
  });

  it('to its hold', async () => {
    const remove = (tx: Tx) => tx.$executeRaw`DELETE FROM "CreditHold" WHERE "id" = ${account.holdId}`;
    expect(await rulesAfter(remove)).toEqual(['a usage belongs to a settled hold']);
    const give = (tx: Tx) =>
      tx.$executeRaw`UPDATE "CreditHold" SET "organizationId" = ${other.organizationId} WHERE "id" = ${account.holdId}`;
    expect((await rulesAfter(give)).sort()).toEqual([
      'a settled hold has one usage entry of its amount',
      'a usage belongs to a settled hold',
    ]);
  });

  it('to its call, which succeeded', async () => {
    const where = { id: account.callId };
    for (const status of ['failed', 'running'] as const)
      expect(await rulesAfter((tx) => tx.modelCall.update({ where, data: { status } }))).toEqual([
        'a charge belongs to a call that succeeded',
      ]);
    expect(await rulesAfter((tx) => tx.modelCall.delete({ where }))).toEqual([
      'a charge belongs to a call that succeeded',
    ]);
  });

  it('from its refund, which names it', async () => {
    const refund = (callId: string | null) => (tx: Tx) =>
      tx.$executeRaw`UPDATE "CreditEntry" SET "modelCallId" = ${callId} WHERE "organizationId" = ${account.organizationId} AND "kind" = 'usage_refund'`;
    for (const callId of [null, newId()])
      expect(await rulesAfter(refund(callId))).toEqual(['a call is refunded at most what it was charged']);
    // A second one of half of it would be paid out of nothing.
    expect(await rulesAfter(refund(other.callId))).toEqual(['a call is refunded at most what it was charged']);
  });
});

describe('the audit goes on', () => {
  let database: Database;
  let account: Audited;
  beforeAll(async () => {
    database = await testDb();
    account = await seedAudited(database);
  });
  afterAll(closeTestDb);

  const rulesAfter = (corrupt: (tx: Tx) => Promise<unknown>) => rulesAfterIn(database, account.organizationId, corrupt);

  it('where a plan is missing, and says so', async () => {
    const where = { organizationId: account.organizationId };
    expect(await rulesAfter((tx) => tx.organizationPlan.delete({ where }))).toEqual(['a balance has a plan']);
  });

  it.each(['abc', '1.5', '', '9'.repeat(40), null])(
    'where what is owed reads %j, and names other differences too',
    async (owed) => {
      const where = { organizationId: account.organizationId };
      const rules = await rulesAfter(async (tx) => {
        const [last] = await tx.creditEntry.findMany({ where, orderBy: { seq: 'desc' }, take: 1 });
        await tx.$executeRaw`
        INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "idempotencyKey", "metadata")
        VALUES (${newId()}, ${account.organizationId}, 'refund', 0, 0, 0, ${last?.balanceAfter}, ${newId()}, ${JSON.stringify({ owed })}::jsonb)`;
        await tx.creditBalance.update({ where, data: { held: { increment: 1 } } });
      });
      expect(rules.sort()).toEqual(['open holds = held', 'what is owed is a whole number']);
    },
  );
});
