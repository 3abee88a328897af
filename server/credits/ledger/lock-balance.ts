import 'server-only';
import type { Tx } from '@/server/platform/db';

/**
 * Takes the balance's row before anything else is read or locked: everybody locks balances first, then projects, then runs. What
 * the transaction reads after this no other transition of the account changes until it ends.
 */
export async function lockBalance(tx: Tx, organizationId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM "CreditBalance" WHERE "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
}
