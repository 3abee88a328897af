import 'server-only';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { countLetter } from './count-letter';
import { sendInvitation } from './invitation-mail';
import { newInvitationToken } from './invitation-token';
import { lockTeam, roleForbids, type TeamActor } from './lock-team';
import { mayManage, type Role, TEAM_SIZE } from './schema';

/**
 * Invites an address by mail. The address is one invitation at a time; the letter leaves after the row is there, and takes
 * it back when it cannot.
 * @throws AppError `forbidden`, `conflict` (`already_member`, `already_invited`, `team_full`, `not_a_team`), `rate_limited`,
 *   `internal` when the letter could not be sent
 */
export async function inviteMember(
  actor: TeamActor,
  input: { email: string; role: Role },
): Promise<{ invitationId: string }> {
  const { token, tokenHash, expiresAt } = newInvitationToken();
  const invitationId = newId();
  const { name, from } = await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'admin');
    if (!mayManage(team.actor.role, input.role)) throw roleForbids();
    await refuseKnown(tx, team.id, input.email);
    await countLetter(tx, { organizationId: team.id, userId: actor.userId, email: input.email });
    // One that nobody took in time gives way to the new one.
    await tx.invitation.deleteMany({ where: { organizationId: team.id, email: input.email, acceptedAt: null } });
    await tx.invitation.create({
      data: {
        id: invitationId,
        organizationId: team.id,
        email: input.email,
        role: input.role,
        tokenHash,
        expiresAt,
        invitedById: actor.userId,
        createdAt: now(),
      },
    });
    return { name: team.name, from: await nameOf(tx, actor.userId) };
  });
  try {
    await sendInvitation({ to: input.email, team: name, from, role: input.role, token });
  } catch (error) {
    await db().invitation.deleteMany({ where: { id: invitationId } });
    throw error;
  }
  return { invitationId };
}

/** How a person is named in a letter to somebody else. */
export async function nameOf(tx: Tx, userId: string): Promise<string> {
  const { name, email } = await tx.user.findUniqueOrThrow({
    where: { id: userId },
    select: { name: true, email: true },
  });
  return name ?? email;
}

async function refuseKnown(tx: Tx, organizationId: string, email: string): Promise<void> {
  const refuse = (reason: string, userMessage: string) => {
    throw new AppError('conflict', reason, { userMessage, details: { reason } });
  };
  const member = { organizationId, user: { email: { equals: email, mode: 'insensitive' as const } } };
  if ((await tx.membership.count({ where: member })) > 0) refuse('already_member', `${email} is in this team already.`);
  const open = { organizationId, acceptedAt: null, revokedAt: null, expiresAt: { gt: now() } };
  if ((await tx.invitation.count({ where: { ...open, email } })) > 0) {
    refuse('already_invited', `${email} is invited already. Send that letter again instead.`);
  }
  const people = await tx.membership.count({ where: { organizationId } });
  if (people + (await tx.invitation.count({ where: open })) >= TEAM_SIZE) {
    refuse('team_full', `A team has at most ${TEAM_SIZE} people, invitations included.`);
  }
}
