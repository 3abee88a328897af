import 'server-only';
import { endGrace } from '@/server/billing/end-grace';
import { syncOverdue } from '@/server/billing/sync-overdue';
import { resetMonth } from '@/server/credits/ledger';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';

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
  let applied = 0;
  for (const { organizationId } of due) if (await resetMonth(db(), organizationId)) applied++;
  const asked = await syncOverdue(db());
  return { applied, asked, graceEnded: await endGrace(db()) };
}
