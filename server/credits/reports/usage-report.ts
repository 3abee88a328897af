import 'server-only';
import type { Prisma } from '@/prisma/generated/client';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';

/** Micro-credits; `used` is what was paid after refunds, `absorbed` what rework cost us and not the user. */
export interface UsageReport {
  days: { day: string; used: bigint; absorbed: bigint; calls: number }[];
  projects: { projectId: string | null; title: string; used: bigint; absorbed: bigint }[];
  models: { modelRef: string; label: string; calls: number; used: bigint; costNano: bigint; ownKey: boolean }[];
  /** What the newest of the finished tasks were quoted (P90) and what they cost. */
  tasks: {
    projectId: string;
    project: string;
    key: string;
    title: string;
    quotedP50: bigint;
    quotedP90: bigint;
    charged: bigint;
    absorbed: bigint;
  }[];
  total: { used: bigint; absorbed: bigint; quotedP90: bigint; charged: bigint };
}

/** Most tasks shown in "quote against actual"; the totals hold all. */
const TASKS = 30;

/** What an organization's credits went into over the last days (UTC), the present day included. */
export async function usageReport(
  client: Client,
  input: { organizationId: string; days: number },
): Promise<UsageReport> {
  const { organizationId } = input;
  const today = Date.parse(`${now().toISOString().slice(0, 10)}T00:00:00Z`);
  const since = new Date(today - (input.days - 1) * 86_400_000);
  const days = await client.$queryRaw<{ day: string; used: bigint; absorbed: bigint; calls: bigint }[]>`
    SELECT to_char("createdAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, -sum("amount")::bigint AS used,
      sum("absorbed")::bigint AS absorbed, count(*) FILTER (WHERE "kind" = 'usage') AS calls
    FROM "CreditEntry" WHERE "organizationId" = ${organizationId} AND "kind" IN ('usage', 'usage_refund') AND "createdAt" >= ${since}::timestamptz
    GROUP BY 1 ORDER BY 1`;
  const projects = await client.$queryRaw<UsageReport['projects']>`
    SELECT e."projectId", coalesce(nullif(max(p."title"), ''), CASE WHEN e."projectId" IS NULL THEN 'No project' ELSE 'Deleted project' END) AS title,
      -sum(e."amount")::bigint AS used, sum(e."absorbed")::bigint AS absorbed
    FROM "CreditEntry" e LEFT JOIN "Project" p ON p."id" = e."projectId" AND p."organizationId" = e."organizationId"
    WHERE e."organizationId" = ${organizationId} AND e."kind" IN ('usage', 'usage_refund') AND e."createdAt" >= ${since}::timestamptz
    GROUP BY e."projectId" ORDER BY used DESC`;
  const models = await modelsOf(client, { organizationId, since });
  const finished: Prisma.TaskWhereInput = {
    organizationId,
    finishedAt: { gte: since },
    status: { in: ['approved', 'accepted'] },
  };
  const { _sum: ofTasks } = await client.task.aggregate({
    where: finished,
    _sum: { quoteP90Micro: true, chargedMicro: true },
  });
  const tasks = await client.task.findMany({
    where: finished,
    orderBy: { finishedAt: 'desc' },
    take: TASKS,
    select: {
      projectId: true,
      project: { select: { title: true } },
      key: true,
      title: true,
      quoteP50Micro: true,
      quoteP90Micro: true,
      chargedMicro: true,
      absorbedMicro: true,
    },
  });
  return {
    days: fillDays(since, input.days, days),
    projects,
    models,
    tasks: tasks.map((row) => ({
      projectId: row.projectId,
      project: row.project.title,
      key: row.key,
      title: row.title,
      quotedP50: row.quoteP50Micro,
      quotedP90: row.quoteP90Micro,
      charged: row.chargedMicro,
      absorbed: row.absorbedMicro,
    })),
    total: {
      used: days.reduce((sum, { used }) => sum + used, 0n),
      absorbed: days.reduce((sum, { absorbed }) => sum + absorbed, 0n),
      quotedP90: ofTasks.quoteP90Micro ?? 0n,
      charged: ofTasks.chargedMicro ?? 0n,
    },
  };
}

/** What went to each model by when it was booked, as everywhere here; its calls and their true cost by when they were made. */
async function modelsOf(
  client: Client,
  { organizationId, since }: { organizationId: string; since: Date },
): Promise<UsageReport['models']> {
  const models = await client.$queryRaw<(Omit<UsageReport['models'][number], 'calls'> & { calls: bigint })[]>`
    WITH spent AS (
      SELECT c."modelRowId", c."ownKey", max(c."modelLabel") AS label, -sum(e."amount")::bigint AS used
      FROM "CreditEntry" e JOIN "ModelCall" c ON c."id" = e."modelCallId" AND c."organizationId" = e."organizationId"
      WHERE e."organizationId" = ${organizationId} AND e."kind" IN ('usage', 'usage_refund') AND e."createdAt" >= ${since}::timestamptz
      GROUP BY 1, 2),
    called AS (
      SELECT "modelRowId", "ownKey", max("modelLabel") AS label, count(*) AS calls, sum("costNano")::bigint AS cost
      FROM "ModelCall" WHERE "organizationId" = ${organizationId} AND "createdAt" >= ${since}::timestamptz
      GROUP BY 1, 2)
    SELECT "modelRowId" AS "modelRef", coalesce(called.label, spent.label) AS label, coalesce(calls, 0) AS calls,
      coalesce(used, 0)::bigint AS used, coalesce(cost, 0)::bigint AS "costNano", "ownKey"
    FROM called FULL JOIN spent USING ("modelRowId", "ownKey") ORDER BY used DESC`;
  return models.map((row) => ({ ...row, calls: Number(row.calls) }));
}

/** A day without a call is a day of zero, not a missing one. */
function fillDays(
  since: Date,
  count: number,
  rows: readonly { day: string; used: bigint; absorbed: bigint; calls: bigint }[],
): UsageReport['days'] {
  return Array.from({ length: count }, (_, i) => {
    const day = new Date(since.getTime() + i * 86_400_000).toISOString().slice(0, 10);
    const row = rows.find((known) => known.day === day);
    return { day, used: row?.used ?? 0n, absorbed: row?.absorbed ?? 0n, calls: Number(row?.calls ?? 0) };
  });
}
