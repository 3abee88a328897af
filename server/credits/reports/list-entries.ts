import 'server-only';
import type { z } from 'zod';
import type { historyInputSchema } from '@/server/credits/schema';
import { db } from '@/server/platform/db';
import { findEntries } from './find-entries';

/** The organization's ledger, newest first, with what each line was for. */
export async function listEntries(organizationId: string, input: z.infer<typeof historyInputSchema>) {
  const rows = await findEntries(db(), {
    organizationId,
    filter: input,
    page: { before: input.cursor ? BigInt(input.cursor) : null, take: input.limit + 1 },
  });
  const page = rows.slice(0, input.limit);
  const ids = (pick: (row: (typeof page)[number]) => string | null) => [
    ...new Set(page.map(pick).filter((id) => id !== null)),
  ];
  const [projects, tasks, calls] = await Promise.all([
    db().project.findMany({
      where: { organizationId, id: { in: ids((row) => row.projectId) } },
      select: { id: true, title: true },
    }),
    db().task.findMany({
      where: { organizationId, id: { in: ids((row) => row.taskId) } },
      select: { id: true, key: true, title: true },
    }),
    db().modelCall.findMany({
      where: { organizationId, id: { in: ids((row) => row.modelCallId) } },
      select: {
        id: true,
        role: true,
        modelLabel: true,
        inputTokens: true,
        outputTokens: true,
        costNano: true,
        price: { select: { effectiveFrom: true } },
      },
    }),
  ]);
  return {
    entries: page.map((row) => {
      const task = tasks.find(({ id }) => id === row.taskId);
      const call = calls.find(({ id }) => id === row.modelCallId);
      return {
        id: row.id,
        seq: row.seq.toString(),
        kind: row.kind,
        amount: row.amount,
        balanceAfter: row.balanceAfter,
        estimated: row.estimated,
        actual: row.actual,
        absorbed: row.absorbed,
        createdAt: row.createdAt,
        note: row.note,
        projectId: row.projectId,
        projectTitle: projects.find(({ id }) => id === row.projectId)?.title ?? null,
        taskKey: task?.key ?? null,
        taskTitle: task?.title ?? null,
        role: call?.role ?? null,
        modelLabel: call?.modelLabel ?? null,
        inputTokens: call?.inputTokens ?? null,
        outputTokens: call?.outputTokens ?? null,
        costNano: call?.costNano ?? null,
        priceFrom: call?.price?.effectiveFrom ?? null,
      };
    }),
    nextCursor: rows.length > input.limit ? (page.at(-1)?.seq.toString() ?? null) : null,
  };
}
