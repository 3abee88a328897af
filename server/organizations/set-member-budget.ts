import 'server-only';
import { inTx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { lockTeam, memberOf, roleForbids, type TeamActor } from './lock-team';
import { mayManage } from './schema';

/**
 * What a member may spend of the team's credits each period, micro-credits; null: no own limit. It holds from the next model
 * call on. @throws AppError `forbidden`, `not_found`
 */
export async function setMemberBudget(
  actor: TeamActor,
  input: { userId: string; budgetMicro: bigint | null },
): Promise<void> {
  await inTx(async (tx) => {
    const team = await lockTeam(tx, actor, 'admin');
    const target = await memberOf(tx, team.id, input.userId);
    if (target === null) throw notFound('Member');
    if (!mayManage(team.actor.role, target.role)) throw roleForbids();
    await tx.membership.update({ where: { id: target.id }, data: { monthlyBudgetMicro: input.budgetMicro } });
  });
}
