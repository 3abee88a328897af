import 'server-only';
import { cancelDowngrade, scheduleDowngrade, upgradePlan } from '@/server/credits/change-plan';
import { inTx } from '@/server/platform/db';
import type { PlanChange } from './schema';

interface LocalChange {
  organizationId: string;
  userId: string;
  current: { planId: string; periodStart: Date; pendingPlanId: string | null; plan: { monthlyMicro: bigint } };
  target: { id: string; monthlyMicro: bigint };
}

/** A change of plan that no subscription at Stripe stands behind: the same ledger functions, nothing to pay. */
export async function changePlanLocally({ organizationId, userId, current, target }: LocalChange): Promise<PlanChange> {
  if (target.monthlyMicro > current.plan.monthlyMicro) {
    const idempotencyKey = `upgrade:local:${organizationId}:${current.periodStart.toISOString()}:${current.planId}:${target.id}`;
    await inTx((tx) => upgradePlan(tx, { organizationId, planId: target.id, idempotencyKey, userId }));
    return { outcome: 'changed', url: null, at: null };
  }
  if (target.monthlyMicro < current.plan.monthlyMicro) {
    const { from } = await inTx((tx) => scheduleDowngrade(tx, { organizationId, planId: target.id }));
    return { outcome: 'scheduled', url: null, at: from };
  }
  if (current.pendingPlanId === null) return { outcome: 'unchanged', url: null, at: null };
  await inTx((tx) => cancelDowngrade(tx, organizationId));
  return { outcome: 'changed', url: null, at: null };
}
