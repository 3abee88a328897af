import 'server-only';
import { MICRO } from '@/server/credits/schema';
import type { Client } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

export interface Balance {
  monthly: bigint;
  bonus: bigint;
  held: bigint;
  /** monthly + bonus - held. */
  available: bigint;
  /** Still to be repaid by the next purchase, after a refund of credits that were already spent. */
  owed: bigint;
  periodStart: Date;
  periodEnd: Date;
  /** `monthlyMicro`: what the plan granted this organization for this period; nothing where the plan gives a team nothing. */
  plan: { id: string; name: string; monthlyMicro: bigint };
  /** At most a fifth of the month's credits, or at most one credit, is left: when the notices come, too. */
  low: boolean;
}

/** @throws AppError `not_found` */
export async function getBalance(client: Client, organizationId: string): Promise<Balance> {
  const row = await client.creditBalance.findUnique({
    where: { organizationId },
    include: { organization: { include: { plan: { include: { plan: true } } } } },
  });
  if (row === null) throw notFound('Credit account');
  const { monthly, bonus, held, owed, periodStart, periodEnd } = row;
  const available = monthly + bonus - held;
  const plan = row.organization.plan?.plan;
  const monthlyMicro = row.organization.plan?.allocationMicro ?? 0n;
  // With what is held: a hold is the most that its call may cost, and most of it comes back.
  const left = monthly + bonus;
  const low = left <= MICRO || left * 5n <= monthlyMicro;
  return {
    monthly,
    bonus,
    held,
    available,
    owed,
    periodStart,
    periodEnd,
    plan: { id: plan?.id ?? 'free', name: plan?.name ?? 'Free', monthlyMicro },
    low,
  };
}
