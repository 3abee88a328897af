import 'server-only';
import { Prisma } from '@/prisma/generated/client';
import type { Client } from '@/server/platform/db';

/** One broken rule of one organization. */
export interface LedgerDifference {
  organizationId: string;
  rule: string;
  detail: string;
}

/**
 * Recomputes the ledger's invariants from its rows, for every organization or for one, without trusting any constraint or
 * trigger. Empty: not one micro-credit is missing. One statement, so it sees one moment of a ledger that goes on.
 */
export async function auditLedger(client: Client, organizationId?: string): Promise<LedgerDifference[]> {
  const of = (table: 'b' | 'e' | 'h' | 'p' | 'c') =>
    organizationId === undefined
      ? Prisma.sql`TRUE`
      : Prisma.sql`${Prisma.raw(table)}."organizationId" = ${organizationId}`;
  return client.$queryRaw<LedgerDifference[]>`
    WITH balances AS MATERIALIZED (SELECT b.* FROM "CreditBalance" b WHERE ${of('b')}),
    entries AS MATERIALIZED (
      SELECT e.*, sum(e."amount") OVER (PARTITION BY e."organizationId" ORDER BY e."seq") AS running, ${OWED} AS owed
      FROM "CreditEntry" e WHERE ${of('e')}
    ),
    holds AS MATERIALIZED (SELECT h.* FROM "CreditHold" h WHERE ${of('h')}),
    purchases AS MATERIALIZED (SELECT p.* FROM "Purchase" p WHERE ${of('p')}),
    calls AS MATERIALIZED (SELECT c."id", c."organizationId", c."chargedMicro", c."status", c."holdId" FROM "ModelCall" c WHERE ${of('c')}),
    ${SUMS}
    ${BALANCE_RULES} UNION ALL ${HOLD_RULES} UNION ALL ${ENTRY_RULES} UNION ALL ${CALL_RULES} UNION ALL ${PURCHASE_RULES}`;
}

/** What a claw-back added to what is owed, or a purchase repaid of it; null where it is no whole number, which is a rule of its own. */
const OWED = Prisma.sql`CASE WHEN e."kind" = 'refund' AND e."metadata"->>'owed' ~ '^-?[0-9]{1,18}$' THEN (e."metadata"->>'owed')::bigint END`;

// Each sum is one organization's: a row that another one bears is missing here and too much there. Full joins, also where one
// side would do: they are never nested loops, which a database without statistics takes for two long lists it thinks short.
const SUMS = Prisma.sql`
  entry_sums AS (
    SELECT "organizationId", sum("amount") AS total, sum("monthlyDelta") AS monthly,
      coalesce(sum(owed), 0) AS owed
    FROM entries GROUP BY 1
  ),
  hold_sums AS (SELECT "organizationId", sum("amount") AS held FROM holds WHERE "status" = 'pending' GROUP BY 1),
  sums AS (
    SELECT b.*, coalesce(e.total, 0) AS total, coalesce(e.monthly, 0) AS entries_monthly, coalesce(e.owed, 0) AS entries_owed,
      coalesce(h.held, 0) AS holds
    FROM balances b LEFT JOIN entry_sums e USING ("organizationId") LEFT JOIN hold_sums h USING ("organizationId")
  ),
  usages AS (
    SELECT "organizationId", "holdId" AS "id", count(*) AS count, min("amount") AS amount FROM entries WHERE "kind" = 'usage' AND "holdId" IS NOT NULL GROUP BY 1, 2
  ),
  paid_holds AS MATERIALIZED (
    SELECT "organizationId", "id", h."status", h."settledAmount", u.count, u.amount FROM holds h FULL JOIN usages u USING ("organizationId", "id")
  ),
  charges AS (
    SELECT "organizationId", "modelCallId" AS "id", -sum("amount") FILTER (WHERE "kind" = 'usage' AND "modelCallId" IS NOT NULL) AS charged,
      sum("amount") FILTER (WHERE "kind" = 'usage_refund') AS refunded
    FROM entries WHERE "kind" IN ('usage', 'usage_refund') GROUP BY 1, 2
  ),
  paid_calls AS MATERIALIZED (
    SELECT "organizationId", "id", c."status", c."holdId", c."chargedMicro", u.charged, u.refunded FROM calls c FULL JOIN charges u USING ("organizationId", "id")
  ),
  clawed AS (
    SELECT id, "organizationId", sum(CASE WHEN "kind" = 'refund' THEN coalesce(owed, 0) - "amount" ELSE -"amount" END) AS stands,
      coalesce(sum(owed), 0) AS owed, bool_or("metadata" ? 'purchaseId') AS of_purchase
    FROM (
      SELECT "organizationId", "kind", "amount", "metadata", owed, coalesce("metadata"->>'purchaseId', "metadata"->>'takesAgain', "metadata"->>'givesBack') AS id
      FROM entries
      WHERE ("kind" = 'refund' AND "metadata" ? 'clawBack') OR ("kind" = 'topup_purchase' AND "metadata" ? 'givesBack')
    ) e WHERE id IS NOT NULL GROUP BY 1, 2
  ),
  bought AS (
    SELECT "metadata"->>'purchaseId' AS id, "organizationId", count(*) AS count, sum("amount") AS amount
    FROM entries WHERE "kind" = 'topup_purchase' AND "metadata" ? 'purchaseId' GROUP BY 1, 2
  )`;

const BALANCE_RULES = Prisma.sql`
  SELECT "organizationId", 'entries = monthly + bonus' AS rule, total || ' <> ' || ("monthly" + "bonus") AS detail FROM sums WHERE total <> "monthly" + "bonus"
  UNION ALL SELECT "organizationId", 'monthly entries = monthly', entries_monthly || ' <> ' || "monthly" FROM sums WHERE entries_monthly <> "monthly"
  UNION ALL SELECT "organizationId", 'open holds = held', holds || ' <> ' || "held" FROM sums WHERE holds <> "held"
  UNION ALL SELECT "organizationId", 'owed entries = owed', entries_owed || ' <> ' || "owed" FROM sums WHERE entries_owed <> "owed"
  UNION ALL SELECT "organizationId", 'not below the overdraft limit', "monthly" || ' + ' || "bonus" FROM sums
    WHERE "monthly" + "bonus" < -"overdraftLimit" OR "bonus" < -"overdraftLimit" OR "monthly" < 0 OR "held" < 0 OR "owed" < 0
  UNION ALL SELECT "organizationId", 'a period ends after it starts', "periodStart" || ' to ' || "periodEnd" FROM balances WHERE "periodEnd" <= "periodStart"
  UNION ALL SELECT b."organizationId", 'the plan has the period of the balance', o."periodStart" || ' to ' || o."periodEnd"
    FROM balances b JOIN "OrganizationPlan" o USING ("organizationId") WHERE o."periodStart" <> b."periodStart" OR o."periodEnd" <> b."periodEnd"
  UNION ALL SELECT b."organizationId", 'a balance has a plan', b."organizationId"
    FROM balances b WHERE NOT EXISTS (SELECT 1 FROM "OrganizationPlan" o WHERE o."organizationId" = b."organizationId")
  UNION ALL SELECT b."organizationId", 'a pending plan has a date', coalesce(o."pendingPlanId", o."pendingFrom"::text)
    FROM balances b JOIN "OrganizationPlan" o USING ("organizationId") WHERE (o."pendingPlanId" IS NULL) <> (o."pendingFrom" IS NULL)
  UNION ALL SELECT "organizationId", 'entries and holds have an account', "id" FROM (
    SELECT "organizationId", "id" FROM entries UNION ALL SELECT "organizationId", "id" FROM holds
  ) x WHERE NOT EXISTS (SELECT 1 FROM balances b WHERE b."organizationId" = x."organizationId")`;

const HOLD_RULES = Prisma.sql`
  SELECT "organizationId", 'a settled hold has one usage entry of its amount', "id" FROM paid_holds
    WHERE "status" = 'settled' AND (count IS DISTINCT FROM 1 OR amount IS DISTINCT FROM -"settledAmount")
  UNION ALL SELECT "organizationId", 'a usage belongs to a settled hold', "id" FROM paid_holds WHERE count > 0 AND "status" IS DISTINCT FROM 'settled'
  UNION ALL SELECT h."organizationId", 'a hold is above zero and closed when it is not pending', h."id" FROM holds h
    WHERE h."amount" <= 0 OR (h."status" = 'pending') <> (h."closedAt" IS NULL) OR (h."status" = 'settled') <> (h."settledAmount" IS NOT NULL) OR h."settledAmount" < 0
  UNION ALL SELECT min("organizationId"), 'a hold has a key of its own', "idempotencyKey" FROM holds GROUP BY "idempotencyKey" HAVING count(*) > 1`;

const ENTRY_RULES = Prisma.sql`
  SELECT "organizationId", 'running balance', "id" || ': ' || "balanceAfter" || ' <> ' || running FROM entries WHERE running <> "balanceAfter"
  UNION ALL SELECT "organizationId", 'amount = monthly + bonus', "id" FROM entries WHERE "amount" <> "monthlyDelta" + "bonusDelta"
  UNION ALL SELECT "organizationId", 'an amount has the sign of its kind', "id" FROM entries
    WHERE ("kind" IN ('usage', 'expiry', 'refund') AND "amount" > 0)
      OR ("kind" IN ('plan_allocation', 'welcome_bonus', 'promo_bonus', 'topup_purchase', 'usage_refund') AND "amount" < 0)
  UNION ALL SELECT "organizationId", 'a usage is its actual cost less what was absorbed', "id" FROM entries
    WHERE "kind" = 'usage' AND ("holdId" IS NULL OR "actual" IS NULL OR "actual" + "amount" <> "absorbed" OR "absorbed" < 0)
  UNION ALL SELECT "organizationId", 'what is owed is a whole number', "id" FROM entries WHERE "kind" = 'refund' AND "metadata" ? 'owed' AND owed IS NULL
  UNION ALL SELECT min("organizationId"), 'an entry has a key of its own', "idempotencyKey" FROM entries GROUP BY "idempotencyKey" HAVING count(*) > 1`;

// Calls outlive their projects and accounts, so a charge always finds its own; one without a call is of no model.
const CALL_RULES = Prisma.sql`
  SELECT "organizationId", 'a call says what its entry charged', "id" || ': ' || "chargedMicro" || ' <> ' || coalesce(charged, 0)
    FROM paid_calls WHERE "chargedMicro" <> coalesce(charged, 0)
  UNION ALL SELECT "organizationId", 'a call that succeeded is charged', "id" FROM paid_calls
    WHERE "status" = 'succeeded' AND "holdId" IS NOT NULL AND charged IS NULL
  UNION ALL SELECT "organizationId", 'a charge belongs to a call that succeeded', "id" FROM paid_calls
    WHERE charged IS NOT NULL AND "status" IS DISTINCT FROM 'succeeded'
  UNION ALL SELECT "organizationId", 'a call is refunded at most what it was charged', coalesce("id", 'no call') FROM paid_calls
    WHERE refunded IS NOT NULL AND (charged IS NULL OR refunded > charged)`;

const PURCHASE_RULES = Prisma.sql`
  SELECT p."organizationId", 'what was clawed back of a purchase is in its entries', p."id" || ': ' || p."clawedMicro" || ' + ' || p."owedMicro" || ' owed <> '
      || coalesce(c.stands, 0) || ', at most ' || coalesce(c.owed, 0) || ' owed'
    FROM purchases p LEFT JOIN clawed c USING ("id", "organizationId")
    WHERE p."clawedMicro" + p."owedMicro" <> coalesce(c.stands, 0) OR p."owedMicro" > coalesce(c.owed, 0)
  UNION ALL SELECT p."organizationId", 'a purchase is granted once, when it is paid, and in full', p."id" FROM purchases p LEFT JOIN bought g USING ("id", "organizationId")
    WHERE (p."paidAt" IS NOT NULL AND (g.count IS DISTINCT FROM 1 OR g.amount IS DISTINCT FROM p."creditsMicro")) OR (p."paidAt" IS NULL AND g.count > 0)
  UNION ALL SELECT x."organizationId", 'an entry belongs to a purchase of its organization', x."id" FROM (
    SELECT "id", "organizationId" FROM clawed WHERE of_purchase UNION ALL SELECT "id", "organizationId" FROM bought
  ) x WHERE NOT EXISTS (SELECT 1 FROM purchases p WHERE p."id" = x."id" AND p."organizationId" = x."organizationId")`;
