import 'server-only';
import { inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { lockTeam, type TeamActor } from './lock-team';
import { dropCounters, lockForPurge, purgeOrganization } from './purge-organization';

/**
 * Whether a team may be closed, before anything is: its kind, the actor's role and its name, typed. Closing begins at Stripe,
 * where nothing can be taken back. @throws AppError `invalid_input` (`confirm`), and what `closeTeam` throws
 */
export async function requireClosable(actor: TeamActor, confirm: string): Promise<void> {
  const { name } = await inTx((tx) => lockTeam(tx, actor, 'owner'));
  if (confirm.trim() === name) return;
  throw new AppError('invalid_input', 'the name was not typed', { userMessage: `Type the team's name, “${name}”.` });
}

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
