import 'server-only';
import type { Quote } from '@/server/models/access/quote-call';
import { quoteFor } from '@/server/models/access/quote-for-organization';
import { resolveModel } from '@/server/models/catalogue/catalogue';
import { capabilityOf, type Quality, type Role } from '@/server/models/schema';
import type { Client, Tx } from '@/server/platform/db';
import type { EventScope } from '@/server/runs/stream/event-log';

/** What calls of these roles will cost at a quality, micro-credits. */
async function quoteRoles(
  client: Client,
  { organizationId, quality, modelRef }: { organizationId: string; quality: Quality; modelRef: string | null },
  roles: readonly Role[],
): Promise<Quote> {
  const sum = { p50: 0n, p90: 0n };
  for (const role of roles) {
    const model = await resolveModel({ organizationId, quality, capability: capabilityOf(role) }, modelRef, client);
    const { p50, p90 } = await quoteFor(client, organizationId, { role, quality, modelRef: model });
    sum.p50 += p50;
    sum.p90 += p90;
  }
  return sum;
}

/** Micro-credits from a description to a plan: questions, specification and plan. */
export function quoteDesign(client: Client, organizationId: string, quality: Quality): Promise<Quote> {
  return quoteRoles(client, { organizationId, quality, modelRef: null }, ['clarify', 'spec', 'plan']);
}

/** Quotes the README at the end, with the project's model of now, and keeps the quote beside those of the tasks. */
export async function quoteReadme(tx: Tx, { organizationId, projectId }: EventScope): Promise<void> {
  const project = await tx.project.findFirstOrThrow({
    where: { id: projectId, organizationId },
    select: { quality: true, modelRef: true },
  });
  const quality = project.quality;
  const { p50, p90 } = await quoteRoles(tx, { organizationId, quality, modelRef: project.modelRef }, ['document']);
  await tx.project.update({ where: { id: projectId }, data: { readmeP50Micro: p50, readmeP90Micro: p90 } });
}

const NO_QUOTE: Quote = { p50: 0n, p90: 0n };

/**
 * The one total of a plan, micro-credits, README included: while the plan waits for approval what approving it may cost, which
 * is its open tasks; later all of its tasks that were not skipped. A project without such tasks is missing.
 */
export async function quotesOf(
  client: Client,
  { organizationId, projectIds }: { organizationId: string; projectIds: readonly string[] },
): Promise<Map<string, Quote>> {
  const rows = await client.$queryRaw<{ id: string; p50: bigint; p90: bigint }[]>`
    SELECT p."id", (sum(t."quoteP50Micro") + p."readmeP50Micro")::bigint AS p50, (sum(t."quoteP90Micro") + p."readmeP90Micro")::bigint AS p90
    FROM "Project" p JOIN "Task" t ON t."projectId" = p."id"
      AND (t."status" IN ('pending', 'rejected') OR (p."status" <> 'awaiting_approval' AND t."status" <> 'skipped'))
    WHERE p."organizationId" = ${organizationId} AND p."id" = ANY(${[...projectIds]}::text[])
    GROUP BY p."id"`;
  return new Map(rows.map(({ id, p50, p90 }) => [id, { p50, p90 }]));
}

/** The total of one project. */
export async function quoteOf(client: Client, { organizationId, projectId }: EventScope): Promise<Quote> {
  return (await quotesOf(client, { organizationId, projectIds: [projectId] })).get(projectId) ?? NO_QUOTE;
}
