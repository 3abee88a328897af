import 'server-only';
import type { MembershipRole } from '@/prisma/generated/enums';
import { db } from '@/server/platform/db';

/** The organization a person acts for: the wanted one when they belong to it, else their personal one. */
export async function currentOrganization(
  userId: string,
  wanted: string | undefined,
): Promise<{ organizationId: string; role: MembershipRole } | null> {
  const memberships = await db().membership.findMany({
    where: { userId },
    include: { organization: { select: { personalOfId: true } } },
    orderBy: { createdAt: 'asc' },
  });
  const chosen =
    memberships.find(({ organizationId }) => organizationId === wanted) ??
    memberships.find(({ organization }) => organization.personalOfId === userId) ??
    memberships[0];
  return chosen === undefined ? null : { organizationId: chosen.organizationId, role: chosen.role };
}
