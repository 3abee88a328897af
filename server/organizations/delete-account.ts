import 'server-only';
import { now } from '@/server/platform/clock';
import { inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { type AccountDeletion, decide } from './account-deletion';
import { dropCounters, lockForPurge, purgeOrganization } from './purge-organization';

/**
 * Deletes a person in one transaction: their personal workspace and teams of their own with everything in them, their
 * memberships, sessions, tokens and invitations. The user's row stays without name and address, because the ledger of a team
 * that goes on refers to it. Their address is free again: who signs up with it later is a new person.
 * @throws AppError `conflict` (`last_owner`) with `details.teams`, when teams with other people have no other owner;
 *   `not_found`
 */
export async function deleteAccount(userId: string): Promise<AccountDeletion> {
  const deletion = await inTx(async (tx) => {
    const [user] = await tx.$queryRaw<{ email: string }[]>`
      SELECT "email" FROM "User" WHERE "id" = ${userId} AND "deletedAt" IS NULL FOR UPDATE`;
    if (user === undefined) throw notFound('User');
    const mine = await tx.membership.findMany({ where: { userId }, orderBy: { organizationId: 'asc' } });
    // In the order of their ids: two people who share teams and delete at once do not wait for each other forever.
    for (const { organizationId } of mine) await lockForPurge(tx, organizationId);
    const plan = await decide(tx, userId);
    refuseBlocked(plan);
    for (const { id } of plan.closed) await purgeOrganization(tx, id);
    await forgetPerson(tx, userId, user.email);
    return plan;
  });
  await dropCounters(deletion.closed.map(({ id }) => id));
  return deletion;
}

/** @throws AppError `conflict` (`last_owner`) */
export function refuseBlocked({ blocked }: AccountDeletion): void {
  if (blocked.length === 0) return;
  const names = blocked.map(({ name }) => `“${name}”`).join(', ');
  throw new AppError('conflict', 'the last owner of teams with other people', {
    userMessage: `You are the only owner of ${names}. Make somebody else an owner there, or close the team, first.`,
    details: { reason: 'last_owner', teams: blocked },
  });
}

async function forgetPerson(tx: Tx, userId: string, email: string): Promise<void> {
  const address = { equals: email, mode: 'insensitive' as const };
  await tx.membership.deleteMany({ where: { userId } });
  await tx.session.deleteMany({ where: { userId } });
  await tx.account.deleteMany({ where: { userId } });
  await tx.invitation.deleteMany({ where: { email: address } });
  await tx.verificationToken.deleteMany({ where: { identifier: address } });
  await tx.localMail.deleteMany({ where: { to: address } });
  await tx.auditEvent.updateMany({ where: { userId }, data: { details: {} } });
  await tx.user.update({
    where: { id: userId },
    data: {
      name: null,
      email: `deleted-${userId}@deleted.invalid`,
      emailVerified: null,
      image: null,
      deletedAt: now(),
    },
  });
}
