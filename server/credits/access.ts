import 'server-only';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';

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
  const plan = await client.organizationPlan.findUnique({
    where: { organizationId },
    include: {
      plan: {
        include: {
          capabilities: { where: { capabilityId: capability } },
          qualities: { where: { capabilityId: capability } },
        },
      },
    },
  });
  const rule = plan?.plan.capabilities[0];
  if (plan === null || rule === undefined || !rule.enabled)
    throw new AppError('capability_denied', `the plan does not include ${capability}`);
  if (!plan.plan.qualities.some(({ qualityId }) => qualityId === quality)) {
    throw new AppError('quality_not_allowed', `the ${plan.plan.name} plan does not include quality ${quality}`);
  }
  const at = now().toISOString();
  const windows = [
    {
      window: `minute:${at.slice(0, 16)}`,
      limit: rule.requestsPerMinute,
      retryAfterSeconds: 60 - Number(at.slice(17, 19)),
    },
    {
      window: `day:${at.slice(0, 10)}`,
      limit: rule.requestsPerDay,
      retryAfterSeconds: 86_400 - (Date.parse(at) % 86_400_000) / 1000,
    },
  ];
  for (const { window, limit, retryAfterSeconds } of windows) {
    if (limit === null) continue;
    const counted = await client.$executeRaw`
      INSERT INTO "RateCounter" ("organizationId", "capability", "window", "count") VALUES (${organizationId}, ${capability}, ${window}, 1)
      ON CONFLICT ("organizationId", "capability", "window") DO UPDATE SET "count" = "RateCounter"."count" + 1 WHERE "RateCounter"."count" < ${limit}`;
    if (counted === 0) {
      throw new AppError('rate_limited', `more than ${limit} requests in ${window}`, {
        userMessage: 'Too many requests in a short time. It goes on by itself in a moment.',
        details: { retryAfterSeconds: Math.ceil(retryAfterSeconds) },
      });
    }
  }
}
