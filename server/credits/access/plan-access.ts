import 'server-only';
import { Prisma } from '@/prisma/generated/client';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { refusalSentence } from './refusal-sentences';

/** What an organization's plan says about one capability. */
export interface CapabilityAccess {
  plan: { id: string; name: string };
  enabled: boolean;
  /** Quality levels the plan includes for it. */
  qualities: string[];
  /** Null: unlimited. */
  perMinute: number | null;
  perDay: number | null;
  /** Requests left in the present minute and day, whichever is fewer; null: unlimited. */
  requestsLeft: number | null;
  /** Seconds until a request is possible again; 0 when one is possible now. */
  retryAfterSeconds: number;
}

/** Whether and how the organization may use a capability. Reads only. */
export async function checkCapabilityAccess(
  client: Client,
  input: { organizationId: string; capability: string },
): Promise<CapabilityAccess> {
  const { organizationId, capability } = input;
  const [row] = await client.$queryRaw<RuleRow[]>(ruleSql(organizationId, capability));
  const { plan, rule, qualities } = ruleOf(row);
  const limits = windowsOf(rule, now()).filter(({ limit }) => limit !== null);
  const counters = await client.rateCounter.findMany({
    where: { organizationId, capability, window: { in: limits.map(({ window }) => window) } },
  });
  let requestsLeft: number | null = null;
  let retryAfterSeconds = 0;
  for (const { window, limit, retryAfterSeconds: seconds } of limits) {
    const left = Math.max((limit ?? 0) - (counters.find((row) => row.window === window)?.count ?? 0), 0);
    requestsLeft = Math.min(requestsLeft ?? left, left);
    if (left === 0) retryAfterSeconds = Math.max(retryAfterSeconds, seconds);
  }
  return {
    plan,
    enabled: rule?.enabled === true,
    qualities,
    perMinute: rule?.requestsPerMinute ?? null,
    perDay: rule?.requestsPerDay ?? null,
    requestsLeft,
    retryAfterSeconds,
  };
}

/**
 * Whether the organization's plan allows a capability at a quality, and counts the request against the plan's limits, in one
 * statement: an atomic upsert a window, exact across processes. The caller's transaction undoes the count of a refusal.
 * @throws AppError `capability_denied`, `quality_not_allowed`, `rate_limited` (with `retryAfterSeconds`)
 */
export async function checkAndCountAccess(
  client: Client,
  input: { organizationId: string; capability: string; quality: string },
): Promise<void> {
  const { organizationId, capability, quality } = input;
  const at = now();
  const [minute, day] = windowsAt(at);
  const [row] = await client.$queryRaw<(RuleRow & { counted: string[] })[]>`
    WITH rule AS (${ruleSql(organizationId, capability)}),
    limits AS (
      SELECT w."window", w."max" FROM rule CROSS JOIN LATERAL
        (VALUES (${minute.window}, rule."requestsPerMinute"), (${day.window}, rule."requestsPerDay")) AS w("window", "max")
      WHERE rule."enabled" AND ${quality} = ANY(rule.qualities) AND w."max" IS NOT NULL),
    counted AS (${countSql(organizationId, capability)})
    SELECT rule.*, ARRAY(SELECT "window" FROM counted) AS counted FROM rule`;
  const { plan, rule, qualities } = ruleOf(row);
  if (rule === undefined || !rule.enabled) throw capabilityDenied(capability, plan);
  if (!qualities.includes(quality)) throw qualityNotAllowed(quality, plan, qualities);
  requireCounted(windowsOf(rule, at), row?.counted ?? []);
}

/**
 * Counts a request against limits that no plan sets, as exactly as `checkAndCountAccess`. `name` is what is counted.
 * @throws AppError `rate_limited` (with `retryAfterSeconds`)
 */
export async function countRequest(
  client: Client,
  input: { organizationId: string; name: string; perMinute: number; perDay: number },
): Promise<void> {
  const { organizationId, name, perMinute, perDay } = input;
  const at = now();
  const [minute, day] = windowsAt(at);
  const rows = await client.$queryRaw<{ window: string }[]>`
    WITH limits AS (
      SELECT * FROM (VALUES (${minute.window}, ${perMinute}::int), (${day.window}, ${perDay}::int)) AS w("window", "max"))
    ${countSql(organizationId, name)}`;
  const limits = { enabled: true, requestsPerMinute: perMinute, requestsPerDay: perDay };
  requireCounted(
    windowsOf(limits, at),
    rows.map(({ window }) => window),
  );
}

/**
 * Adds one to the counter of each window in `limits` that is below its limit, and returns those windows. Windows are taken in
 * one order by everybody, so that two requests never wait for each other.
 */
function countSql(organizationId: string, capability: string): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO "RateCounter" AS c ("organizationId", "capability", "window", "count")
    SELECT ${organizationId}, ${capability}, "window", 1 FROM limits WHERE "max" > 0 ORDER BY "window"
    ON CONFLICT ("organizationId", "capability", "window") DO UPDATE SET "count" = c."count" + 1
      WHERE c."count" < (SELECT l."max" FROM limits l WHERE l."window" = c."window")
    RETURNING c."window"`;
}

/** @throws AppError `rate_limited` when a limited window was full; of two, the one that lasts longer. */
function requireCounted(windows: readonly (Window & { limit: number | null })[], counted: readonly string[]): void {
  const full = windows.filter(({ limit, window }) => limit !== null && !counted.includes(window)).at(-1);
  if (full !== undefined) throw rateLimited(full.limit ?? 0, full.window, full.retryAfterSeconds);
}

export function capabilityDenied(capability: string, plan: { id: string; name: string }): AppError {
  return new AppError('capability_denied', `the ${plan.id} plan does not include ${capability}`, {
    userMessage: refusalSentence.capability(plan.name),
    details: { capability, planId: plan.id },
  });
}

export function qualityNotAllowed(
  quality: string,
  plan: { id: string; name: string },
  allowed: readonly string[],
): AppError {
  return new AppError('quality_not_allowed', `the ${plan.id} plan does not include quality ${quality}`, {
    userMessage: refusalSentence.quality(plan.name, quality),
    details: { quality, planId: plan.id, allowed: [...allowed] },
  });
}

export function rateLimited(limit: number, window: string, retryAfterSeconds: number): AppError {
  return new AppError('rate_limited', `more than ${limit} requests in ${window}`, {
    userMessage: refusalSentence.tooManyCalls,
    details: { retryAfterSeconds, limit, per: window.split(':')[0] },
  });
}

interface Rule {
  enabled: boolean;
  requestsPerMinute: number | null;
  requestsPerDay: number | null;
}

type RuleRow = Partial<Rule> & { planId: string; name: string; qualities: string[] };

/** The organization's plan and what it says about a capability. */
function ruleSql(organizationId: string, capability: string): Prisma.Sql {
  return Prisma.sql`
    SELECT p."id" AS "planId", p."name", pc."enabled", pc."requestsPerMinute", pc."requestsPerDay",
      ARRAY(SELECT q."qualityId" FROM "PlanCapabilityQuality" q WHERE q."planId" = p."id" AND q."capabilityId" = ${capability}) AS qualities
    FROM "OrganizationPlan" op JOIN "Plan" p ON p."id" = op."planId"
    LEFT JOIN "PlanCapability" pc ON pc."planId" = p."id" AND pc."capabilityId" = ${capability}
    WHERE op."organizationId" = ${organizationId}`;
}

function ruleOf(row: RuleRow | undefined) {
  const rule: Rule | undefined =
    row?.enabled == null
      ? undefined
      : {
          enabled: row.enabled,
          requestsPerMinute: row.requestsPerMinute ?? null,
          requestsPerDay: row.requestsPerDay ?? null,
        };
  return {
    plan: { id: row?.planId ?? 'none', name: row?.name ?? 'missing' },
    rule,
    qualities: row?.qualities ?? [],
  };
}

interface Window {
  window: string;
  retryAfterSeconds: number;
}

function windowsAt(at: Date): [minute: Window, day: Window] {
  const text = at.toISOString();
  return [
    {
      window: `minute:${text.slice(0, 16)}`,
      retryAfterSeconds: Math.ceil((60_000 - (at.getTime() % 60_000)) / 1000),
    },
    {
      window: `day:${text.slice(0, 10)}`,
      retryAfterSeconds: Math.ceil((86_400_000 - (at.getTime() % 86_400_000)) / 1000),
    },
  ];
}

function windowsOf(rule: Rule | undefined, at: Date): (Window & { limit: number | null })[] {
  const [minute, day] = windowsAt(at);
  return [
    { ...minute, limit: rule?.requestsPerMinute ?? null },
    { ...day, limit: rule?.requestsPerDay ?? null },
  ];
}
