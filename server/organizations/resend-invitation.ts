import 'server-only';
import { db, inTx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { countLetter } from './count-letter';
import { sendInvitation } from './invitation-mail';
import { newInvitationToken } from './invitation-token';
import { nameOf } from './invite-member';
import { lockTeam, roleForbids, type TeamActor } from './lock-team';
import { mayManage } from './schema';

/**
 * Sends an invitation's letter again, with a new link and seven new days; the old link is dead from then on.
 * @throws AppError `forbidden`, `not_found` (accepted or withdrawn), `rate_limited`, `internal` when the letter could not be
 *   sent; then the old link still works
 */
export async function resendInvitation(actor: TeamActor, invitationId: string): Promise<void> {
  const { token, tokenHash, expiresAt } = newInvitationToken();
  const { name, from, row } = await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'admin');
    const found = await tx.invitation.findFirst({
      where: { id: invitationId, organizationId: team.id, acceptedAt: null, revokedAt: null },
    });
    if (found === null) throw notFound('Invitation');
    if (!mayManage(team.actor.role, found.role)) throw roleForbids();
    await countLetter(tx, { organizationId: team.id, userId: actor.userId, email: found.email });
    await tx.invitation.update({ where: { id: found.id }, data: { tokenHash, expiresAt } });
    return { name: team.name, from: await nameOf(tx, actor.userId), row: found };
  });
  try {
    await sendInvitation({ to: row.email, team: name, from, role: row.role, token });
  } catch (error) {
    const { tokenHash: oldHash, expiresAt: oldExpiry } = row;
    await db().invitation.updateMany({
      where: { id: row.id, tokenHash },
      data: { tokenHash: oldHash, expiresAt: oldExpiry },
    });
    throw error;
  }
}
