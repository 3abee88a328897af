import 'server-only';
import { endGrace } from '@/server/billing/end-grace';
import { resetMonth } from '@/server/credits/ledger';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';

/** Organizations in one round. */
const ROUND = 500;

/** Downgrades and cancellations whose day has come, and subscriptions still unpaid after their grace. */
export async function changePlans(): Promise<{ applied: number; graceEnded: number }> {
  const due = await db().organizationPlan.findMany({
    where: { pendingPlanId: { not: null }, pendingFrom: { lte: now() }, organization: { deletedAt: null } },
    select: { organizationId: true },
    take: ROUND,
  });
  let applied = 0;
  for (const { organizationId } of due) if (await resetMonth(db(), organizationId)) applied++;
  return { applied, graceEnded: await endGrace(db()) };
}
