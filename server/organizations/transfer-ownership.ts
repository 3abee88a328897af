import 'server-only';
import { inTx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { lockTeam, memberOf, type TeamActor } from './lock-team';

/**
 * Makes another member an owner, without a budget of their own, and the present owner an admin, in one step.
 * @throws AppError `forbidden`, `not_found`, `conflict` (`yourself`)
 */
export async function transferOwnership(actor: TeamActor, userId: string): Promise<void> {
  await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'owner');
    if (userId === actor.userId) {
      throw new AppError('conflict', 'already the owner', {
        userMessage: 'You own this team already.',
        details: { reason: 'yourself' },
      });
    }
    const target = await memberOf(tx, team.id, userId);
    if (target === null) throw notFound('Member');
    await tx.membership.update({ where: { id: target.id }, data: { role: 'owner', monthlyBudgetMicro: null } });
    await tx.membership.update({ where: { id: team.actor.id }, data: { role: 'admin' } });
  });
}
