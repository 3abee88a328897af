import 'server-only';
import type { Client } from '@/server/platform/db';

/** Micro-credits that each of these projects was charged, refunds taken off. A project without a charge is missing. */
export async function chargedByProject(
  client: Client,
  input: { organizationId: string; projectIds: readonly string[] },
): Promise<Map<string, bigint>> {
  const rows = await client.creditEntry.groupBy({
    by: ['projectId'],
    where: {
      organizationId: input.organizationId,
      projectId: { in: [...input.projectIds] },
      kind: { in: ['usage', 'usage_refund'] },
    },
    _sum: { amount: true },
  });
  return new Map(rows.map(({ projectId, _sum }) => [projectId ?? '', -(_sum.amount ?? 0n)]));
}
