import 'server-only';
import { resolveModel } from '@/server/models/catalogue';
import type { Quote } from '@/server/models/quote-call';
import { quoteFor } from '@/server/models/quote-for-organization';
import { capabilityOf, type Quality, type Role } from '@/server/models/schema';
import type { Client } from '@/server/platform/db';
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

/** Micro-credits that approving the plan may cost: the tasks that are open, as they were quoted, and the README at the end. */
export async function quoteApproval(client: Client, scope: EventScope): Promise<Quote> {
  const project = await client.project.findFirstOrThrow({
    where: { id: scope.projectId, organizationId: scope.organizationId },
    select: { quality: true, modelRef: true },
  });
  const { _sum: tasks } = await client.task.aggregate({
    where: { ...scope, status: { in: ['pending', 'rejected'] } },
    _sum: { quoteP50Micro: true, quoteP90Micro: true },
  });
  const quality = project.quality;
  const { organizationId } = scope;
  const readme = await quoteRoles(client, { organizationId, quality, modelRef: project.modelRef }, ['document']);
  return { p50: (tasks.quoteP50Micro ?? 0n) + readme.p50, p90: (tasks.quoteP90Micro ?? 0n) + readme.p90 };
}
