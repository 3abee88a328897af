import 'server-only';
import { z } from 'zod';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import type { Actor } from '@/server/runs/engine/actor';
import { namesOf } from '@/server/runs/stream/names-of';

const balanceAfter = z.object({
  balanceMicro: z
    .string()
    .regex(/^-?\d+$/)
    .transform(BigInt),
});

const madeByCall = z.object({ modelCallId: z.string() });

/** Model calls of a project whose whole cost was given back. */
async function absorbedCalls(projectId: string): Promise<Set<string>> {
  const refunds = await db().creditEntry.findMany({
    where: { projectId, kind: 'usage_refund' },
    select: { modelCallId: true },
  });
  return new Set(refunds.map(({ modelCallId }) => modelCallId).filter((id) => id !== null));
}

/**
 * The chat as of event `lastSeq`: a message still being written has the text its events up to there hold.
 * @throws AppError `not_found`
 */
export async function viewChat({ organizationId, projectId, userId }: Actor) {
  if ((await db().project.count({ where: { id: projectId, organizationId } })) === 0) throw notFound('Project');
  // The number first: a message that ends in between is then shown whole, and its end arrives again, without effect.
  const last = await db().runEvent.aggregate({ where: { stream: `project:${projectId}` }, _max: { seq: true } });
  const lastSeq = last._max.seq ?? 0;
  const rows = await db().message.findMany({
    where: { organizationId, projectId, supersededAt: null },
    orderBy: { seq: 'asc' },
    take: 1000,
  });
  const open = rows.filter(({ status }) => status === 'streaming').map(({ id }) => id);
  const deltas =
    open.length === 0
      ? []
      : await db().runEvent.findMany({
          where: { stream: `project:${projectId}`, kind: 'text-delta', seq: { lte: lastSeq } },
          orderBy: { seq: 'asc' },
        });
  const absorbed = await absorbedCalls(projectId);
  const colleagues = await namesOf(
    rows.flatMap((row) => (row.userId === null || row.userId === userId ? [] : [row.userId])),
  );
  const partial = new Map<string, string>();
  for (const { payload } of deltas) {
    const { id, delta } = z.object({ id: z.string(), delta: z.string() }).parse(payload);
    partial.set(id, (partial.get(id) ?? '') + delta);
  }
  return {
    messages: rows.map((row) => ({
      id: row.id,
      role: row.role,
      text: row.status === 'streaming' ? (partial.get(row.id) ?? '') : row.text,
      purpose: row.purpose,
      status: row.status,
      costMicro: row.costMicro,
      /** Micro-credits left after it; null when it called no model. */
      balanceMicro: balanceAfter.safeParse(row.metadata).data?.balanceMicro ?? null,
      /** Its attempt was not approved, and what it had cost was given back. */
      notCharged: absorbed.has(madeByCall.safeParse(row.metadata).data?.modelCallId ?? ''),
      modelLabel: row.modelLabel,
      /** Which colleague wrote it; null for the reader's own and the instance's. */
      author: colleagues.get(row.userId ?? '') ?? null,
      /** The reader wrote it. */
      own: row.userId !== null && row.userId === userId,
      createdAt: row.createdAt,
      seq: row.seq.toString(),
    })),
    lastSeq,
  };
}
