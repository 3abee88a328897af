import 'server-only';
import type { Membership } from '@/prisma/generated/client';
import type { MembershipRole } from '@/prisma/generated/enums';
import type { Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';

export interface TeamActor {
  organizationId: string;
  userId: string;
}

const RANK: Record<MembershipRole, number> = { member: 0, admin: 1, owner: 2 };

/**
 * Everything about an organization's people happens under its row's lock, one change after another: what a change tests
 * (the last owner, a free place) still holds when it writes. Projects may still be made.
 * @throws AppError `not_found`, also when it was deleted
 */
export async function lockOrganization(
  tx: Tx,
  organizationId: string,
): Promise<{ id: string; name: string; kind: 'personal' | 'team' }> {
  const [row] = await tx.$queryRaw<{ id: string; name: string; kind: 'personal' | 'team' }[]>`
    SELECT "id", "name", "kind"::text AS "kind" FROM "Organization" WHERE "id" = ${organizationId} AND "deletedAt" IS NULL
    FOR NO KEY UPDATE`;
  if (row === undefined) throw notFound('Organization');
  return row;
}

/**
 * Locks a team for a change by one of its people. The role is read under the lock: who was demoted or removed a moment ago
 * does nothing more.
 * @throws AppError `not_found`, `conflict` (`not_a_team`), `forbidden`
 */
export async function lockTeam(
  tx: Tx,
  actor: TeamActor,
  atLeast: MembershipRole,
): Promise<{ id: string; name: string; actor: Membership }> {
  const { id, name, kind } = await lockOrganization(tx, actor.organizationId);
  const membership = await memberOf(tx, id, actor.userId);
  if (membership === null) throw notFound('Organization');
  if (RANK[membership.role] < RANK[atLeast]) throw roleForbids();
  if (kind !== 'team') {
    throw new AppError('conflict', 'a personal workspace has no other members', {
      userMessage: 'A personal workspace has one member. Create a team to work together.',
      details: { reason: 'not_a_team' },
    });
  }
  return { id, name, actor: membership };
}

export function memberOf(tx: Tx, organizationId: string, userId: string): Promise<Membership | null> {
  return tx.membership.findUnique({ where: { organizationId_userId: { organizationId, userId } } });
}

export function roleForbids(): AppError {
  return new AppError('forbidden', 'the role does not allow it', {
    userMessage: 'Your role in this team does not allow that. Ask an owner or an admin.',
  });
}

/** An organization without an owner could never be paid for or closed. */
export async function refuseLastOwner(tx: Tx, membership: Membership): Promise<void> {
  if (membership.role !== 'owner') return;
  const { organizationId } = membership;
  if ((await tx.membership.count({ where: { organizationId, role: 'owner' } })) > 1) return;
  throw new AppError('conflict', 'the last owner', {
    userMessage: 'A team always has an owner. Make somebody else an owner first.',
    details: { reason: 'last_owner' },
  });
}
