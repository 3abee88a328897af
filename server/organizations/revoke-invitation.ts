import 'server-only';
import { now } from '@/server/platform/clock';
import { inTx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { lockTeam, roleForbids, type TeamActor } from './lock-team';
import { mayManage } from './schema';

/** Withdraws an invitation: its link is dead at once. @throws AppError `forbidden`, `not_found` (accepted or withdrawn) */
export async function revokeInvitation(actor: TeamActor, invitationId: string): Promise<void> {
  await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'admin');
    const open = { id: invitationId, organizationId: team.id, acceptedAt: null, revokedAt: null };
    const row = await tx.invitation.findFirst({ where: open });
    if (row === null) throw notFound('Invitation');
    if (!mayManage(team.actor.role, row.role)) throw roleForbids();
    await tx.invitation.update({ where: { id: row.id }, data: { revokedAt: now() } });
  });
}
