import 'server-only';
import type { PlanChange } from '@/server/billing/schema';
import { changePlan } from './change-plan';

/** Ends the paid plan with the present period, or at once while its payment has failed; on the free plan nothing changes. @throws as `changePlan` */
export function cancelPlan(input: { organizationId: string; userId: string }): Promise<PlanChange> {
  return changePlan({ ...input, planId: 'free' });
}
