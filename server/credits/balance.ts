import 'server-only';
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
  /** `monthlyMicro`: what the plan grants each period. */
  plan: { id: string; name: string; monthlyMicro: bigint };
  /** At most a fifth of the month's credits, or less than one credit, is left. */
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
  const low = available < 1_000_000n || available * 5n < (plan?.monthlyMicro ?? 0n);
  return {
    monthly,
    bonus,
    held,
    available,
    owed,
    periodStart,
    periodEnd,
    plan: { id: plan?.id ?? 'free', name: plan?.name ?? 'Free', monthlyMicro: plan?.monthlyMicro ?? 0n },
    low,
  };
}
