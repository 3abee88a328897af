import 'server-only';
import type { Client } from '@/server/platform/db';

/** A way to get what is locked. Prices in US cents, credits in micro-credits. */
export type Unlock =
  | { kind: 'wait'; until: Date; priceUsdCents: 0 }
  | { kind: 'topup'; packageId: string; name: string; creditsMicro: bigint; priceUsdCents: number }
  | { kind: 'upgrade'; planId: string; name: string; monthlyMicro: bigint; priceUsdCents: number };

export interface Need {
  organizationId: string;
  /** Micro-credits that are missing; 0 when credits are not what is missing. */
  missing: bigint;
  /** The quality for this capability is not in the plan: only an upgrade helps. */
  locked: { capability: string; quality: string } | null;
  resetsAt: Date;
  nextAllocation: bigint;
  /** Monthly credits that are left now: they expire when the next ones come. */
  monthly: bigint;
  /** What limits is the person's own monthly budget, which no purchase lifts: micro-credits of it, null when it is not. */
  ownBudget: bigint | null;
  /** What the work may cost. */
  required: bigint;
}

/** Every way to unlock a need, cheapest first (waiting is free, so it comes first when it is enough). */
export async function listUnlocks(client: Client, need: Need): Promise<Unlock[]> {
  const current = await client.organizationPlan.findUnique({
    where: { organizationId: need.organizationId },
    include: { plan: true },
  });
  const owed = await client.creditBalance.findUnique({
    where: { organizationId: need.organizationId },
    select: { owed: true },
  });
  const ways: Unlock[] = [];
  if (need.ownBudget !== null) {
    return need.ownBudget >= need.required ? [{ kind: 'wait', until: need.resetsAt, priceUsdCents: 0 }] : [];
  }
  if (need.locked === null && need.missing > 0n) {
    if (need.nextAllocation - need.monthly >= need.missing)
      ways.push({ kind: 'wait', until: need.resetsAt, priceUsdCents: 0 });
    const packages = await client.topupPackage.findMany({ where: { active: true }, orderBy: { priceUsdCents: 'asc' } });
    // What is owed from a refunded purchase is repaid by the next one first.
    const wanted = need.missing + (owed?.owed ?? 0n);
    const found = packages.find(({ creditsMicro }) => creditsMicro >= wanted) ?? packages.at(-1);
    if (found !== undefined) {
      const { id: packageId, name, creditsMicro, priceUsdCents } = found;
      ways.push({ kind: 'topup', packageId, name, creditsMicro, priceUsdCents });
    }
  }
  const plan = await cheapestPlan(client, need, current?.plan ?? null);
  if (plan !== null) {
    const { id: planId, name, monthlyMicro, priceUsdCents } = plan;
    ways.push({ kind: 'upgrade', planId, name, monthlyMicro, priceUsdCents });
  }
  return ways.sort((a, b) => a.priceUsdCents - b.priceUsdCents);
}

async function cheapestPlan(client: Client, need: Need, current: { position: number; monthlyMicro: bigint } | null) {
  const plans = await client.plan.findMany({
    where: { position: { gt: current?.position ?? -1 } },
    orderBy: { priceUsdCents: 'asc' },
    include: { qualities: true },
  });
  return (
    plans.find((plan) => {
      const { locked } = need;
      if (locked !== null)
        return plan.qualities.some((row) => row.capabilityId === locked.capability && row.qualityId === locked.quality);
      return plan.monthlyMicro - (current?.monthlyMicro ?? 0n) >= need.missing && need.missing > 0n;
    }) ?? null
  );
}
