import 'server-only';
import { changePlan } from './change-plan';
import type { PlanChange } from './schema';

/** Ends the paid plan with the present period, or at once while its payment has failed; on the free plan nothing changes. @throws as `changePlan` */
export function cancelPlan(input: { organizationId: string; userId: string }): Promise<PlanChange> {
  return changePlan({ ...input, planId: 'free' });
}
