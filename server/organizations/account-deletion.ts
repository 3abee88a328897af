import 'server-only';
import type { MembershipRole, OrganizationKind } from '@/prisma/generated/enums';
import { type Client, db } from '@/server/platform/db';

/** What deleting an account does to each organization its person is in. */
export interface AccountDeletion {
  /** Teams with other people and no other owner: they must be passed on first. */
  blocked: { id: string; name: string }[];
  /** Deleted with everything in them: the personal workspace and teams with nobody else. */
  closed: { id: string; name: string; kind: OrganizationKind }[];
  /** Teams that go on without the person. */
  left: { id: string; name: string }[];
}

export function planAccountDeletion(userId: string): Promise<AccountDeletion> {
  return decide(db(), userId);
}

/** Under locks of the organizations, for the deletion itself. */
export async function decide(client: Client, userId: string): Promise<AccountDeletion> {
  const rows = await client.membership.findMany({
    where: { userId },
    include: {
      organization: {
        select: { id: true, name: true, kind: true, memberships: { select: { userId: true, role: true } } },
      },
    },
    orderBy: { organizationId: 'asc' },
  });
  const plan: AccountDeletion = { blocked: [], closed: [], left: [] };
  for (const { role, organization } of rows) {
    const { id, name, kind, memberships } = organization;
    const others = memberships.filter((member) => member.userId !== userId);
    if (kind === 'personal' || others.length === 0) plan.closed.push({ id, name, kind });
    else if (isLastOwner(role, others)) plan.blocked.push({ id, name });
    else plan.left.push({ id, name });
  }
  return plan;
}

function isLastOwner(role: MembershipRole, others: { role: MembershipRole }[]): boolean {
  return role === 'owner' && others.every((other) => other.role !== 'owner');
}
