import 'server-only';
import { z } from 'zod';
import type { Message } from '@/prisma/generated/client';
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

const callOf = ({ metadata }: Message) => madeByCall.safeParse(metadata).data?.modelCallId;

/** Model calls of these messages whose whole cost was given back. */
async function absorbedCalls(projectId: string, rows: readonly Message[]): Promise<Set<string>> {
  const calls = rows.map(callOf).filter((id) => id !== undefined);
  const refunds = await db().creditEntry.findMany({
    where: { projectId, kind: 'usage_refund', modelCallId: { in: calls } },
    select: { modelCallId: true },
  });
  return new Set(refunds.map(({ modelCallId }) => modelCallId).filter((id) => id !== null));
}

/** Messages of one page. */
const PAGE = 200;

/**
 * One page of the chat, oldest first, as of event `lastSeq`: a message still being written has the text its events up to there
 * hold.
 * @param before number of a message: the page that ends before it; null: the newest page.
 * @throws AppError `not_found`
 */
export async function viewChat({ organizationId, projectId, userId }: Actor, before: string | null = null) {
  if ((await db().project.count({ where: { id: projectId, organizationId } })) === 0) throw notFound('Project');
  // The number first: a message that ends in between is then shown whole, and its end arrives again, without effect.
  const last = await db().runEvent.aggregate({ where: { stream: `project:${projectId}` }, _max: { seq: true } });
  const lastSeq = last._max.seq ?? 0;
  const newestFirst = await db().message.findMany({
    where: {
      organizationId,
      projectId,
      supersededAt: null,
      ...(before === null ? {} : { seq: { lt: BigInt(before) } }),
    },
    orderBy: { seq: 'desc' },
    take: PAGE + 1,
  });
  const rows = newestFirst.slice(0, PAGE).reverse();
  const open = rows.filter(({ status }) => status === 'streaming').map(({ id }) => id);
  const deltas =
    open.length === 0
      ? []
      : await db().runEvent.findMany({
          where: { stream: `project:${projectId}`, kind: 'text-delta', seq: { lte: lastSeq } },
          orderBy: { seq: 'asc' },
        });
  const absorbed = await absorbedCalls(projectId, rows);
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
      notCharged: absorbed.has(callOf(row) ?? ''),
      modelLabel: row.modelLabel,
      /** Which colleague wrote it; null for the reader's own and the instance's. */
      author: colleagues.get(row.userId ?? '') ?? null,
      /** The reader wrote it. */
      own: row.userId !== null && row.userId === userId,
      createdAt: row.createdAt,
      seq: row.seq.toString(),
    })),
    lastSeq,
    /** Number of the message that an earlier page ends before; null: there is none. */
    nextCursor: newestFirst.length > PAGE ? (rows[0]?.seq.toString() ?? null) : null,
  };
}
