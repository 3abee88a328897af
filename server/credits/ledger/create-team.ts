import 'server-only';
import { TEAMS_PER_OWNER } from '@/server/organizations/schema';
import { now } from '@/server/platform/clock';
import { inTx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { PERIOD_MS } from './ledger';

/**
 * A new team with its own, empty credit account on the free plan: neither welcome credits nor the free plan's monthly ones,
 * which anyone could otherwise have again with every team they make. Its credits are bought, or come with a paid plan.
 * @throws AppError `conflict` (`too_many_teams`), `not_found`
 */
export async function createTeam(input: { userId: string; name: string }): Promise<{ organizationId: string }> {
  const { userId, name } = input;
  const organizationId = newId();
  return inTx(async (tx) => {
    // Two requests of one person wait for each other, or both would see the last free place.
    const owner = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM "User" WHERE "id" = ${userId} AND "deletedAt" IS NULL FOR NO KEY UPDATE`;
    if (owner.length === 0) throw notFound('User');
    const owned = await tx.membership.count({ where: { userId, role: 'owner', organization: { kind: 'team' } } });
    if (owned >= TEAMS_PER_OWNER) {
      throw new AppError('conflict', 'too many teams', {
        userMessage: `You own ${TEAMS_PER_OWNER} teams, which is the most. Close one, or pass it on.`,
        details: { reason: 'too_many_teams' },
      });
    }
    const periodStart = now();
    const period = { periodStart, periodEnd: new Date(periodStart.getTime() + PERIOD_MS) };
    await tx.organization.create({ data: { id: organizationId, name, kind: 'team', createdAt: periodStart } });
    await tx.membership.create({
      data: { id: newId(), organizationId, userId, role: 'owner', createdAt: periodStart },
    });
    await tx.organizationPlan.create({ data: { organizationId, planId: 'free', ...period } });
    await tx.creditBalance.create({ data: { organizationId, ...period } });
    return { organizationId };
  });
}
