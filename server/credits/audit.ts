import 'server-only';
import type { Client } from '@/server/platform/db';

export interface LedgerDifference {
  organizationId: string;
  rule: string;
  detail: string;
}

/** Recomputes the ledger's invariants for every organization. Empty: not one micro-credit is missing. */
export async function auditLedger(client: Client): Promise<LedgerDifference[]> {
  return client.$queryRaw<LedgerDifference[]>`
    WITH sums AS (
      SELECT b."organizationId", b."monthly", b."bonus", b."held", b."overdraftLimit",
        coalesce((SELECT sum("amount") FROM "CreditEntry" e WHERE e."organizationId" = b."organizationId"), 0) AS entries,
        coalesce((SELECT sum("monthlyDelta") FROM "CreditEntry" e WHERE e."organizationId" = b."organizationId"), 0) AS monthly_entries,
        coalesce((SELECT sum("amount") FROM "CreditHold" h WHERE h."organizationId" = b."organizationId" AND h."status" = 'pending'), 0) AS holds
      FROM "CreditBalance" b
    )
    SELECT "organizationId", 'entries = monthly + bonus' AS rule, entries || ' <> ' || ("monthly" + "bonus") AS detail FROM sums WHERE entries <> "monthly" + "bonus"
    UNION ALL
    SELECT "organizationId", 'monthly entries = monthly', monthly_entries || ' <> ' || "monthly" FROM sums WHERE monthly_entries <> "monthly"
    UNION ALL
    SELECT "organizationId", 'open holds = held', holds || ' <> ' || "held" FROM sums WHERE holds <> "held"
    UNION ALL
    SELECT "organizationId", 'not below the overdraft limit', ("monthly" + "bonus")::text FROM sums WHERE "monthly" + "bonus" < -"overdraftLimit" OR "monthly" < 0
    UNION ALL
    SELECT h."organizationId", 'a settled hold has one usage entry of its amount', h."id" FROM "CreditHold" h
      WHERE h."status" = 'settled' AND (SELECT count(*) FROM "CreditEntry" e WHERE e."holdId" = h."id" AND e."kind" = 'usage' AND e."amount" = -h."settledAmount") <> 1
    UNION ALL
    SELECT e."organizationId", 'running balance', e."id" FROM (
      SELECT "id", "organizationId", "balanceAfter", sum("amount") OVER (PARTITION BY "organizationId" ORDER BY "seq") AS running FROM "CreditEntry"
    ) e WHERE e.running <> e."balanceAfter"`;
}
