import 'server-only';
import { inTx } from '@/server/platform/db';
import { lockTeam, type TeamActor } from './lock-team';
import { dropCounters, lockForPurge, purgeOrganization } from './purge-organization';

/**
 * Deletes a team for everybody, with everything in it but the anonymous ledger. Credits that are left are lost.
 * @throws AppError `forbidden`, `not_found`, `conflict` (`not_a_team`)
 */
export async function closeTeam(actor: TeamActor): Promise<void> {
  await inTx(async (tx) => {
    await lockForPurge(tx, actor.organizationId);
    const team = await lockTeam(tx, actor, 'owner');
    await purgeOrganization(tx, team.id);
  });
  await dropCounters([actor.organizationId]);
}
