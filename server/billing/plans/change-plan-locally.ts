import 'server-only';
import type { PlanChange } from '@/server/billing/schema';
import { cancelDowngrade, scheduleDowngrade, upgradePlan } from '@/server/credits/ledger/apply-plan';
import { inTx } from '@/server/platform/db';
import { isLarger, type PlanSize } from './larger-plan';

interface LocalChange {
  organizationId: string;
  userId: string;
  current: { planId: string; periodStart: Date; pendingPlanId: string | null; plan: PlanSize };
  target: PlanSize & { id: string };
}

/** A change of plan that no subscription at Stripe stands behind: the same ledger functions, nothing to pay. */
export async function changePlanLocally({ organizationId, userId, current, target }: LocalChange): Promise<PlanChange> {
  if (isLarger(target, current.plan)) {
    const idempotencyKey = `upgrade:local:${organizationId}:${current.periodStart.toISOString()}:${current.planId}:${target.id}`;
    const { outcome } = await inTx((tx) =>
      upgradePlan(tx, { organizationId, planId: target.id, idempotencyKey, userId }),
    );
    return { outcome: outcome === 'not_an_upgrade' ? 'unchanged' : 'changed', url: null, at: null };
  }
  if (isLarger(current.plan, target)) {
    const { from } = await inTx((tx) => scheduleDowngrade(tx, { organizationId, planId: target.id }));
    return { outcome: 'scheduled', url: null, at: from };
  }
  if (current.pendingPlanId === null) return { outcome: 'unchanged', url: null, at: null };
  await inTx((tx) => cancelDowngrade(tx, organizationId));
  return { outcome: 'changed', url: null, at: null };
}
