import 'server-only';
import { db } from '@/server/platform/db';

/** Everybody in an organization, owners first, then by the day they joined. */
export async function listMembers(organizationId: string) {
  const rows = await db().membership.findMany({
    where: { organizationId },
    include: { user: { select: { name: true, email: true } } },
    orderBy: [{ role: 'asc' }, { createdAt: 'asc' }],
  });
  return rows.map(({ userId, role, monthlyBudgetMicro, createdAt, user }) => ({
    userId,
    name: user.name,
    email: user.email,
    role,
    budgetMicro: monthlyBudgetMicro,
    joinedAt: createdAt,
  }));
}
