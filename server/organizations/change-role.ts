import 'server-only';
import { inTx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { lockTeam, memberOf, refuseLastOwner, roleForbids, type TeamActor } from './lock-team';
import { mayManage, type Role } from './schema';

/**
 * Admins make members admins and back; only owners make or unmake owners.
 * @throws AppError `forbidden`, `not_found`, `conflict` (`last_owner`)
 */
export async function changeRole(actor: TeamActor, input: { userId: string; role: Role }): Promise<void> {
  await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'admin');
    const target = await memberOf(tx, team.id, input.userId);
    if (target === null) throw notFound('Member');
    if (!mayManage(team.actor.role, target.role) || !mayManage(team.actor.role, input.role)) throw roleForbids();
    if (input.role === target.role) return;
    await refuseLastOwner(tx, target);
    await tx.membership.update({ where: { id: target.id }, data: { role: input.role } });
  });
}
