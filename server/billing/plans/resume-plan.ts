import 'server-only';
import type { PlanChange } from '@/server/billing/schema';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { changePlan } from './change-plan';

/** Takes back a scheduled downgrade or cancellation; without one nothing changes. @throws as `changePlan` */
export async function resumePlan(input: { organizationId: string; userId: string }): Promise<PlanChange> {
  const row = await db().organizationPlan.findUnique({ where: { organizationId: input.organizationId } });
  if (row === null) throw notFound('Plan');
  if (row.pendingPlanId === null) return { outcome: 'unchanged', url: null, at: null };
  const change = await changePlan({ ...input, planId: row.planId });
  return change.outcome === 'unchanged' ? { ...change, outcome: 'changed' } : change;
}
