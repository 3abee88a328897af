import 'server-only';
import type { PlanStatus } from '@/server/billing/schema';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { notFound } from '@/server/platform/errors';

/** The organization's plan, period and usage. Amounts are micro-credits. @throws AppError `not_found` */
export async function viewBilling(organizationId: string) {
  const [row, balance, plans] = await Promise.all([
    db().organizationPlan.findUnique({ where: { organizationId }, include: { plan: true } }),
    db().creditBalance.findUnique({ where: { organizationId } }),
    db().plan.findMany({ select: { id: true, name: true } }),
  ]);
  if (row === null || balance === null) throw notFound('Plan');
  const [used] = await db().$queryRaw<{ used: bigint }[]>`SELECT get_used_this_period(${organizationId}) AS used`;
  const { plan } = row;
  const status: PlanStatus = row.status === 'past_due' || row.status === 'canceled' ? row.status : 'active';
  return {
    plan: { id: plan.id, name: plan.name, monthlyMicro: plan.monthlyMicro, priceUsdCents: plan.priceUsdCents },
    status,
    graceUntil: row.graceUntil,
    period: { start: balance.periodStart, end: balance.periodEnd },
    pending:
      row.pendingPlanId === null
        ? null
        : {
            planId: row.pendingPlanId,
            planName: plans.find(({ id }) => id === row.pendingPlanId)?.name ?? row.pendingPlanId,
            from: pendingSince(row),
          },
    usage: {
      usedMicro: used?.used ?? 0n,
      allocationMicro: row.allocationMicro,
      monthlyMicro: balance.monthly,
      bonusMicro: balance.bonus,
      heldMicro: balance.held,
      owedMicro: balance.owed,
    },
    subscribed: row.stripeSubscriptionId !== null && status !== 'canceled',
    mock: mockPayments(),
    portal: !mockPayments() && row.stripeCustomerId !== null,
  };
}

/**
 * When a planned change of plan takes effect. After a failed payment the period that was paid for may be over already: then
 * the plan stays until its grace is.
 */
export function pendingSince(row: {
  status: string;
  pendingFrom: Date | null;
  periodEnd: Date;
  graceUntil: Date | null;
}): Date {
  const from = row.pendingFrom ?? row.periodEnd;
  return row.status === 'past_due' && row.graceUntil !== null && row.graceUntil > from ? row.graceUntil : from;
}
