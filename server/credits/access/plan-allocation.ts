import 'server-only';
import type { OrganizationKind } from '@/prisma/generated/enums';

/**
 * Micro-credits a plan gives an organization each period: the same as `get_plan_allocation` of the ledger. A team gets nothing
 * from the free plan (docs/decisions: anyone could make one team after another).
 */
export function planAllocation(kind: OrganizationKind, plan: { monthlyMicro: bigint; priceUsdCents: number }): bigint {
  return kind === 'team' && plan.priceUsdCents === 0 ? 0n : plan.monthlyMicro;
}
