import 'server-only';
import { endGrace } from '@/server/billing/plans/end-grace';
import { syncOverdue } from '@/server/billing/plans/sync-overdue';
import { resetMonth } from '@/server/credits/ledger/ledger';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { eachOrganization } from './each-organization';

/** Organizations in one round. */
const ROUND = 500;

/** Downgrades and cancellations whose day has come, and subscriptions still unpaid after their grace. */
export async function changePlans(): Promise<{ applied: number; asked: number; graceEnded: number }> {
  const due = await db().organizationPlan.findMany({
    where: {
      pendingPlanId: { not: null },
      pendingFrom: { lte: now() },
      organization: { deletedAt: null },
      // A paid plan's first month comes with its paid invoice, which applies the change too.
      OR: [{ stripeSubscriptionId: null }, { pendingPlanId: 'free' }],
    },
    select: { organizationId: true },
    take: ROUND,
  });
  // Three things that do not wait for each other: what fails in one is thrown when all have had their turn.
  const [applied, asked, graceEnded] = [
    await settled(
      eachOrganization(
        due.map(({ organizationId }) => organizationId),
        (organizationId) => resetMonth(db(), organizationId),
      ),
    ),
    await settled(syncOverdue(db())),
    await settled(endGrace(db())),
  ];
  return { applied: orThrow(applied), asked: orThrow(asked), graceEnded: orThrow(graceEnded) };
}

async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}

function orThrow<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
