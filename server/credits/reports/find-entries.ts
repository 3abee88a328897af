import 'server-only';
import { type CreditEntry, Prisma } from '@/prisma/generated/client';
import type { HistoryFilter } from '@/server/credits/schema';
import type { Client } from '@/server/platform/db';

/** Where a page begins, and which way it goes: older entries `before` a seq, newer ones `after` it, null: from the newest. */
export type EntryPage = { take: number } & ({ before: bigint | null } | { after: bigint });

/** A page of an organization's entries that a filter wants, all of them however many there are: newest first, or oldest first. */
export async function findEntries(client: Client, wanted: WantedEntries): Promise<CreditEntry[]> {
  return client.$queryRaw<CreditEntry[]>(entriesSql(wanted));
}

export interface WantedEntries {
  organizationId: string;
  /** Only what this member spent or bought. */
  userId?: string | undefined;
  filter: HistoryFilter;
  page: EntryPage;
}

/** Every column of the page's entries. */
export function entriesSql({ organizationId, userId, filter, page }: WantedEntries): Prisma.Sql {
  const { kind, projectId, model, from, to } = filter;
  const wanted = [Prisma.sql`e."organizationId" = ${organizationId}`];
  if (userId) wanted.push(Prisma.sql`e."userId" = ${userId}`);
  if (kind) wanted.push(Prisma.sql`e."kind" = ${kind}::"CreditEntryKind"`);
  if (projectId) wanted.push(Prisma.sql`e."projectId" = ${projectId}`);
  if (from) wanted.push(Prisma.sql`e."createdAt" >= ${new Date(`${from}T00:00:00Z`)}::timestamptz`);
  if (to) wanted.push(Prisma.sql`e."createdAt" < ${new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000)}::timestamptz`);
  if (model) wanted.push(ofModel(model));
  const newestFirst = 'before' in page;
  if (!newestFirst) wanted.push(Prisma.sql`e."seq" > ${page.after}`);
  else if (page.before !== null) wanted.push(Prisma.sql`e."seq" < ${page.before}`);
  return Prisma.sql`
    SELECT e.* FROM "CreditEntry" e WHERE ${Prisma.join(wanted, ' AND ')}
    ORDER BY e."seq" ${newestFirst ? Prisma.sql`DESC` : Prisma.sql`ASC`} LIMIT ${page.take}`;
}

/**
 * An entry knows its call, not the call's model. Asked of each entry in turn by the call's own key, in the order of the page: a
 * common model fills the page at once, and a rare one costs one pass over the organization's entries. As a join, a database
 * without statistics (the embedded one) compares every entry with every call.
 */
function ofModel(modelRef: string): Prisma.Sql {
  return Prisma.sql`(SELECT c."modelRowId" = ${modelRef} FROM "ModelCall" c WHERE c."id" = e."modelCallId")`;
}
