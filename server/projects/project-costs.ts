import 'server-only';
import type { Client } from '@/server/platform/db';

/** What a project has cost, micro-credits, refunds taken off. */
export interface ProjectCosts {
  /** Final: the work was approved, or has no verdict to wait for. */
  charged: bigint;
  /** Taken for attempts at work, whose verdict is still to come: a rejection gives it back. */
  provisional: bigint;
  /** Given back. */
  absorbed: bigint;
}

const NOTHING: ProjectCosts = { charged: 0n, provisional: 0n, absorbed: 0n };

/** The costs of each of these projects, from the ledger. A project without a charge is missing. */
export async function costsOf(
  client: Client,
  { organizationId, projectIds }: { organizationId: string; projectIds: readonly string[] },
): Promise<Map<string, ProjectCosts>> {
  const rows = await client.$queryRaw<({ id: string } & ProjectCosts)[]>`
    SELECT e."projectId" AS id,
      coalesce(-sum(e."amount") FILTER (WHERE t."id" IS NULL OR r."id" IS NOT NULL), 0)::bigint AS charged,
      coalesce(-sum(e."amount") FILTER (WHERE t."id" IS NOT NULL AND r."id" IS NULL), 0)::bigint AS provisional,
      coalesce(sum(e."amount") FILTER (WHERE e."kind" = 'usage_refund'), 0)::bigint AS absorbed
    FROM "CreditEntry" e
    LEFT JOIN "ModelCall" c ON c."id" = e."modelCallId"
    LEFT JOIN "RunStep" s ON s."id" = c."stepId"
    LEFT JOIN "Task" t ON t."id" = s."taskId" AND t."status" IN ('pending', 'running')
    LEFT JOIN "Review" r ON r."runId" = s."runId" AND r."taskId" = s."taskId" AND r."attempt" = s."attempt"
    WHERE e."organizationId" = ${organizationId} AND e."projectId" = ANY(${[...projectIds]}::text[])
      AND e."kind" IN ('usage', 'usage_refund')
    GROUP BY e."projectId"`;
  return new Map(rows.map(({ id, ...costs }) => [id, costs]));
}

/** The costs of one project. */
export async function costOf(
  client: Client,
  { organizationId, projectId }: { organizationId: string; projectId: string },
): Promise<ProjectCosts> {
  return (await costsOf(client, { organizationId, projectIds: [projectId] })).get(projectId) ?? NOTHING;
}
