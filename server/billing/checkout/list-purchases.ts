import 'server-only';
import type { MembershipRole } from '@/prisma/generated/enums';
import type { PurchaseStatus } from '@/server/billing/schema';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

type PurchaseRow = NonNullable<Awaited<ReturnType<ReturnType<typeof db>['purchase']['findUnique']>>>;

const STATUSES: Record<string, PurchaseStatus> = {
  paid: 'paid',
  failed: 'failed',
  expired: 'expired',
  refunded: 'refunded',
  disputed: 'disputed',
};

/** `owed`: what the organization owes now, micro-credits. */
function toView(row: PurchaseRow, packageName: string | undefined, owed: bigint) {
  return {
    id: row.id,
    packageId: row.packageId,
    packageName: packageName ?? row.packageId,
    creditsMicro: row.creditsMicro,
    priceUsdCents: row.priceUsdCents,
    status: STATUSES[row.status] ?? ('pending' as const),
    paid: row.paidAt !== null,
    refundedCents: row.refundedCents,
    disputedCents: row.disputedCents,
    clawedMicro: row.clawedMicro,
    /** What became owed because it had been used. */
    owedMicro: row.owedMicro,
    /** What of it is owed still: later purchases settle it first. */
    owedNowMicro: row.owedMicro < owed ? row.owedMicro : owed,
    mock: row.mock,
    checkoutUrl: row.checkoutUrl,
    returnTo: row.returnTo,
    createdAt: row.createdAt,
    completedAt: row.completedAt,
  };
}

async function owedBy(organizationId: string): Promise<bigint> {
  return (await db().creditBalance.findUnique({ where: { organizationId }, select: { owed: true } }))?.owed ?? 0n;
}

export type PurchaseView = ReturnType<typeof toView>;

/** One purchase of this organization. @throws AppError `not_found` */
export async function viewPurchase(organizationId: string, purchaseId: string): Promise<PurchaseView> {
  const row = await db().purchase.findFirst({ where: { id: purchaseId, organizationId } });
  if (row === null) throw notFound('Purchase');
  const offer = await db().topupPackage.findUnique({ where: { id: row.packageId } });
  return toView(row, offer?.name, await owedBy(organizationId));
}

/**
 * One purchase of any organization that the person is in, and what they are there: a person who comes back from paying
 * may have another one active. `organization` is the one that the purchase is of. @throws AppError `not_found`
 */
export async function findPurchase(
  userId: string,
  purchaseId: string,
): Promise<{ purchase: PurchaseView; organization: { id: string; name: string }; role: MembershipRole }> {
  const mine = await db().membership.findMany({
    where: { userId },
    select: { role: true, organization: { select: { id: true, name: true } } },
  });
  const row = await db().purchase.findFirst({
    where: { id: purchaseId, organizationId: { in: mine.map(({ organization }) => organization.id) } },
    select: { organizationId: true },
  });
  const home = mine.find(({ organization }) => organization.id === row?.organizationId);
  if (home === undefined) throw notFound('Purchase');
  return { ...home, purchase: await viewPurchase(home.organization.id, purchaseId) };
}

/** The organization's purchases, newest first, by pages. */
export async function listPurchases(
  organizationId: string,
  input: { cursor?: string | null | undefined; limit: number },
): Promise<{ purchases: PurchaseView[]; nextCursor: string | null }> {
  const rows = await db().purchase.findMany({
    // Ids are sorted by their time of creation.
    where: { organizationId, ...(input.cursor ? { id: { lt: input.cursor } } : {}) },
    orderBy: { id: 'desc' },
    take: input.limit + 1,
  });
  const page = rows.slice(0, input.limit);
  const offers = await db().topupPackage.findMany({ where: { id: { in: page.map(({ packageId }) => packageId) } } });
  const owed = await owedBy(organizationId);
  return {
    purchases: page.map((row) => toView(row, offers.find(({ id }) => id === row.packageId)?.name, owed)),
    nextCursor: rows.length > input.limit ? (page.at(-1)?.id ?? null) : null,
  };
}
