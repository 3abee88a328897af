import 'server-only';
import type { Adjust } from '@/server/credits/schema-operator';
import { db, inTx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { grant } from './ledger';
import { lockBalance } from './lock-balance';

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

/**
 * Gives or takes bonus credits by hand. The same request again changes nothing and gets the same answer.
 * @throws AppError `not_found`, `invalid_input` when more would be taken than is there, `duplicate_request` when the request's
 * id was used for another account, amount or reason
 */
export async function adjustAccount(
  input: Adjust,
  userId: string,
): Promise<{ balanceAfter: bigint; replayed: boolean }> {
  const { organizationId, amountMicro, reason, requestId } = input;
  const idempotencyKey = `adjust:${requestId}`;
  return inTx(async (tx) => {
    // Two requests of one id wait for each other, also when they name two accounts.
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${idempotencyKey}, 0)) IS NULL AS locked`;
    const made = await tx.creditEntry.findUnique({ where: { idempotencyKey } });
    if (made !== null) {
      if (made.organizationId !== organizationId || made.amount !== amountMicro || made.note !== reason)
        throw usedBefore(requestId);
      return { balanceAfter: made.balanceAfter, replayed: true };
    }
    await lockBalance(tx, organizationId);
    const balance = await tx.creditBalance.findUnique({ where: { organizationId } });
    if (balance === null) throw notFound('Organization');
    const { monthly, bonus, held } = balance;
    const unheld = monthly + bonus - held;
    if (amountMicro < 0n && (bonus + amountMicro < 0n || unheld + amountMicro < 0n)) {
      throw new AppError('invalid_input', 'more than the free bonus credits would be taken', {
        userMessage:
          'Only bonus credits that nothing has reserved can be taken by hand, and there are fewer than that.',
      });
    }
    const { balanceAfter } = await grant(tx, {
      organizationId,
      kind: 'manual_adjustment',
      amount: amountMicro,
      bucket: 'bonus',
      idempotencyKey,
      userId,
      note: reason,
    });
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
    return { balanceAfter, replayed: false };
  });
}

function usedBefore(requestId: string): AppError {
  return new AppError('duplicate_request', `request ${requestId} made another adjustment`, {
    userMessage:
      'This request has already made another adjustment. Nothing was changed: close the form and begin again.',
    details: { requestId },
  });
}
