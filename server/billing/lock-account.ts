import 'server-only';
import type { Tx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

/**
 * Serialises everything about an organization's money until the transaction ends: its balance row is what every ledger
 * function locks first. @throws AppError `not_found`
 */
export async function lockAccount(tx: Tx, organizationId: string): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM "CreditBalance" WHERE "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
  if (rows.length === 0) throw notFound('Credit account');
}
