import 'server-only';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';

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
  const { plan, rule, qualities } = await readRule(client, organizationId, capability);
  const limits = windowsOf(rule).filter(({ limit }) => limit !== null);
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
 * Whether the organization's plan allows a capability at a quality, and counts the request against the plan's limits: one
 * atomic upsert a window, exact across processes.
 * @throws AppError `capability_denied`, `quality_not_allowed`, `rate_limited` (with `retryAfterSeconds`)
 */
export async function checkAndCountAccess(
  client: Client,
  input: { organizationId: string; capability: string; quality: string },
): Promise<void> {
  const { organizationId, capability, quality } = input;
  const { plan, rule, qualities } = await readRule(client, organizationId, capability);
  if (rule === undefined || !rule.enabled) throw capabilityDenied(capability, plan);
  if (!qualities.includes(quality)) throw qualityNotAllowed(quality, plan, qualities);
  await countRequest(client, input, windowsOf(rule));
}

/** Counts in all windows by one statement; the caller's transaction undoes it when one of them is full. */
async function countRequest(
  client: Client,
  { organizationId, capability }: { organizationId: string; capability: string },
  windows: readonly Window[],
): Promise<void> {
  const limited = windows.filter((window): window is Window & { limit: number } => window.limit !== null);
  if (limited.length === 0) return;
  const names = limited.map(({ window }) => window);
  const limits = limited.map(({ limit }) => limit);
  const counted = await client.$queryRaw<{ window: string }[]>`
    INSERT INTO "RateCounter" AS c ("organizationId", "capability", "window", "count")
    SELECT ${organizationId}, ${capability}, w."window", 1 FROM unnest(${names}::text[]) AS w("window") ORDER BY w."window"
    ON CONFLICT ("organizationId", "capability", "window") DO UPDATE SET "count" = c."count" + 1
      WHERE c."count" < (SELECT l."max" FROM unnest(${names}::text[], ${limits}::int[]) AS l("window", "max") WHERE l."window" = c."window")
    RETURNING c."window"`;
  const full = limited.filter(({ window }) => !counted.some((row) => row.window === window)).at(-1);
  if (full !== undefined) throw rateLimited(full.limit, full.window, full.retryAfterSeconds);
}

export function capabilityDenied(capability: string, plan: { id: string; name: string }): AppError {
  return new AppError('capability_denied', `the ${plan.id} plan does not include ${capability}`, {
    userMessage: `The ${plan.name} plan does not include this.`,
    details: { capability, planId: plan.id },
  });
}

export function qualityNotAllowed(
  quality: string,
  plan: { id: string; name: string },
  allowed: readonly string[],
): AppError {
  return new AppError('quality_not_allowed', `the ${plan.id} plan does not include quality ${quality}`, {
    userMessage: `The ${plan.name} plan does not include ${quality} quality.`,
    details: { quality, planId: plan.id, allowed: [...allowed] },
  });
}

export function rateLimited(limit: number, window: string, retryAfterSeconds: number): AppError {
  return new AppError('rate_limited', `more than ${limit} requests in ${window}`, {
    userMessage: 'Too many requests in a short time. It goes on by itself in a moment.',
    details: { retryAfterSeconds, limit, per: window.split(':')[0] },
  });
}

interface Rule {
  enabled: boolean;
  requestsPerMinute: number | null;
  requestsPerDay: number | null;
}

/** One statement: this is read before every model call. */
async function readRule(client: Client, organizationId: string, capability: string) {
  const [row] = await client.$queryRaw<(Partial<Rule> & { planId: string; name: string; qualities: string[] })[]>`
    SELECT p."id" AS "planId", p."name", pc."enabled", pc."requestsPerMinute", pc."requestsPerDay",
      ARRAY(SELECT q."qualityId" FROM "PlanCapabilityQuality" q WHERE q."planId" = p."id" AND q."capabilityId" = ${capability}) AS qualities
    FROM "OrganizationPlan" op JOIN "Plan" p ON p."id" = op."planId"
    LEFT JOIN "PlanCapability" pc ON pc."planId" = p."id" AND pc."capabilityId" = ${capability}
    WHERE op."organizationId" = ${organizationId}`;
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
  limit: number | null;
  retryAfterSeconds: number;
}

function windowsOf(rule: Rule | undefined): Window[] {
  const at = now();
  const text = at.toISOString();
  return [
    {
      window: `minute:${text.slice(0, 16)}`,
      limit: rule?.requestsPerMinute ?? null,
      retryAfterSeconds: Math.ceil((60_000 - (at.getTime() % 60_000)) / 1000),
    },
    {
      window: `day:${text.slice(0, 10)}`,
      limit: rule?.requestsPerDay ?? null,
      retryAfterSeconds: Math.ceil((86_400_000 - (at.getTime() % 86_400_000)) / 1000),
    },
  ];
}
