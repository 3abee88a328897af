import 'server-only';
import { db, inTx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { grant } from './ledger';
import type { Adjust } from './schema-operator';

/** Organizations with their balances, for the operator. `search` looks at names and members' addresses. */
export async function listAccounts(input: { search?: string | undefined; cursor?: string | null | undefined }) {
  const take = 50;
  const rows = await db().organization.findMany({
    where: input.search
      ? {
          OR: [
            { id: input.search },
            { name: { contains: input.search, mode: 'insensitive' } },
            { memberships: { some: { user: { email: { contains: input.search, mode: 'insensitive' } } } } },
          ],
        }
      : {},
    include: {
      balance: true,
      plan: true,
      memberships: { where: { role: 'owner' }, include: { user: { select: { email: true } } }, take: 1 },
      _count: { select: { memberships: true, projects: true } },
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: take + 1,
    ...(input.cursor ? { cursor: { id: input.cursor }, skip: 1 } : {}),
  });
  const page = rows.slice(0, take);
  return {
    accounts: page.map((row) => ({
      id: row.id,
      name: row.name,
      kind: row.kind,
      owner: row.memberships[0]?.user.email ?? null,
      members: row._count.memberships,
      projects: row._count.projects,
      planId: row.plan?.planId ?? null,
      planStatus: row.plan?.status ?? null,
      monthly: row.balance?.monthly ?? 0n,
      bonus: row.balance?.bonus ?? 0n,
      held: row.balance?.held ?? 0n,
      owed: row.balance?.owed ?? 0n,
      periodEnd: row.balance?.periodEnd ?? null,
      createdAt: row.createdAt,
      deleted: row.deletedAt !== null,
    })),
    nextCursor: rows.length > take ? (page.at(-1)?.id ?? null) : null,
  };
}

/** @throws AppError `not_found`, `invalid_input` when more would be taken than is there */
export async function adjustAccount(input: Adjust, userId: string): Promise<{ balanceAfter: bigint }> {
  const { organizationId, amountMicro, reason, requestId } = input;
  return inTx(async (tx) => {
    const balance = await tx.creditBalance.findUnique({ where: { organizationId } });
    if (balance === null) throw notFound('Organization');
    if (amountMicro < 0n && balance.bonus - balance.held + amountMicro < 0n && balance.bonus + amountMicro < 0n) {
      throw new AppError('invalid_input', 'more than the bonus credits would be taken', {
        userMessage: 'Only bonus credits can be taken by hand, and there are fewer than that.',
      });
    }
    const { balanceAfter, granted } = await grant(tx, {
      organizationId,
      kind: 'manual_adjustment',
      amount: amountMicro,
      bucket: 'bonus',
      idempotencyKey: `adjust:${requestId}`,
      userId,
      note: reason,
    });
    if (granted) {
      await tx.auditEvent.create({
        data: {
          id: newId(),
          organizationId,
          userId,
          action: 'credits.adjusted',
          subject: organizationId,
          details: { amountMicro: amountMicro.toString(), reason },
        },
      });
    }
    return { balanceAfter };
  });
}
