import 'server-only';
import { auditLedger } from '@/server/credits/ledger/audit';
import { clawBack } from '@/server/credits/ledger/claw-back';
import { absorbCalls, grant, reserve, settle } from '@/server/credits/ledger/ledger';
import type { Database, Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { seedOrganization } from './test-db';

/** An account with some of everything. */
export interface Audited {
  organizationId: string;
  purchaseId: string;
  /** Charged 30 micro-credits by `holdId`, and refunded. */
  callId: string;
  holdId: string;
}

export async function seedAudited(database: Database): Promise<Audited> {
  const { organizationId } = await seedOrganization(database, { monthlyMicro: 100n, bonusMicro: 50n });
  const { prisma } = database;
  const [purchaseId, callId] = [newId(), newId()];
  const own = { organizationId, idempotencyKey: newId() };
  const { holdId } = await reserve(prisma, { ...own, amount: 40n, ttlMs: 60_000 });
  await reserve(prisma, { organizationId, idempotencyKey: newId(), amount: 20n, ttlMs: 60_000 });
  await addCall(prisma, { id: callId, organizationId, holdId, chargedMicro: 30n });
  await settle(prisma, { organizationId, holdId, actual: 30n, modelCallId: callId });
  await absorbCalls(prisma, { organizationId, modelCallIds: [callId], note: 'rework' });
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
  return { organizationId, purchaseId, callId, holdId };
}

/** A call that succeeded. */
export async function addCall(
  client: Pick<Tx, 'modelCall'>,
  call: { id: string; organizationId: string; chargedMicro: bigint; holdId: string | null },
): Promise<void> {
  await client.modelCall.create({
    data: {
      role: 'ask',
      capability: 'ask',
      quality: 'fast',
      modelRowId: 'demo:demo',
      modelLabel: 'Demo',
      idempotencyKey: newId(),
      promptVersion: 'test',
      status: 'succeeded',
      ...call,
    },
  });
}

/** Ends a transaction whose changes are not wanted. */
class RolledBack extends Error {}

/**
 * The rules found broken after `corrupt`, by the audit of all organizations, on a copy that is thrown away, with every guard
 * of the database off. What the audit of one finds, that of all finds too.
 */
export async function rulesAfter(
  { prisma }: Database,
  organizationId: string,
  corrupt: (tx: Tx) => Promise<unknown>,
): Promise<string[]> {
  let rules: string[] = [];
  try {
    await prisma.$transaction(async (tx) => {
      await tx.$executeRaw`ALTER TABLE "CreditEntry" DISABLE TRIGGER USER`;
      await tx.$executeRaw`ALTER TABLE "CreditHold" DISABLE TRIGGER USER`;
      await corrupt(tx);
      const all = await auditLedger(tx);
      const texts = new Set(all.map((difference) => JSON.stringify(difference)));
      for (const difference of await auditLedger(tx, organizationId))
        if (!texts.has(JSON.stringify(difference)))
          throw new Error(`only the audit of one finds ${difference.rule}: ${difference.detail}`);
      rules = all.map(({ rule }) => rule);
      throw new RolledBack();
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  return rules;
}
