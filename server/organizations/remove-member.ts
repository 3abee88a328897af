import 'server-only';
import { inTx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { lockTeam, memberOf, refuseLastOwner, roleForbids, type TeamActor } from './lock-team';
import { mayManage } from './schema';

/**
 * Ends somebody's access to a team at once: each request looks the membership up. What they made stays the team's, and a run
 * of theirs pauses before its next call to a model, for the person who resumes it (docs/decisions/0013).
 * @throws AppError `forbidden`, `not_found`, `conflict` (`yourself`)
 */
export async function removeMember(actor: TeamActor, userId: string): Promise<void> {
  await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'admin');
    if (userId === actor.userId) {
      throw new AppError('conflict', 'removing oneself is leaving', {
        userMessage: 'To go yourself, leave the team.',
        details: { reason: 'yourself' },
      });
    }
    const target = await memberOf(tx, team.id, userId);
    if (target === null) throw notFound('Member');
    if (!mayManage(team.actor.role, target.role)) throw roleForbids();
    await refuseLastOwner(tx, target);
    await tx.membership.delete({ where: { id: target.id } });
  });
}

/** @throws AppError `conflict` (`last_owner`), `not_found` */
export async function leaveTeam(actor: TeamActor): Promise<void> {
  await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'member');
    await refuseLastOwner(tx, team.actor);
    await tx.membership.delete({ where: { id: team.actor.id } });
  });
}
