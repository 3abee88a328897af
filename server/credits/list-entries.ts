import 'server-only';
import type { z } from 'zod';
import type { Prisma } from '@/prisma/generated/client';
import { type Client, db } from '@/server/platform/db';
import type { HistoryFilter, historyInputSchema } from './schema';

/** Which entries of an organization a filter wants. */
export async function entriesWhere(
  client: Client,
  organizationId: string,
  filter: HistoryFilter,
): Promise<Prisma.CreditEntryWhereInput> {
  const { kind, projectId, model, from, to } = filter;
  return {
    organizationId,
    ...(kind ? { kind } : {}),
    ...(projectId ? { projectId } : {}),
    ...(from || to
      ? {
          createdAt: {
            ...(from ? { gte: new Date(`${from}T00:00:00Z`) } : {}),
            ...(to ? { lt: new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000) } : {}),
          },
        }
      : {}),
    ...(model ? { modelCallId: { in: await callsOf(client, organizationId, model) } } : {}),
  };
}

/** Calls of one model, the newest 10,000: entries know their call, not its model. */
async function callsOf(client: Client, organizationId: string, modelRowId: string): Promise<string[]> {
  const rows = await client.modelCall.findMany({
    where: { organizationId, modelRowId },
    select: { id: true },
    orderBy: { createdAt: 'desc' },
    take: 10_000,
  });
  return rows.map(({ id }) => id);
}

/** The organization's ledger, newest first, with what each line was for. */
export async function listEntries(organizationId: string, input: z.infer<typeof historyInputSchema>) {
  const rows = await db().creditEntry.findMany({
    where: {
      ...(await entriesWhere(db(), organizationId, input)),
      ...(input.cursor ? { seq: { lt: BigInt(input.cursor) } } : {}),
    },
    orderBy: { seq: 'desc' },
    take: input.limit + 1,
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
