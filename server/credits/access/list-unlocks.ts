import 'server-only';
import type { OrganizationKind } from '@/prisma/generated/enums';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { planAllocation } from './plan-allocation';

/** A way to get what is locked. Prices in US cents, credits in micro-credits. */
export type Unlock =
  | { kind: 'wait'; until: Date; priceUsdCents: 0 }
  /** `quantity` of one package, each bought by itself; credits and price are of all of them. */
  | { kind: 'topup'; packageId: string; name: string; quantity: number; creditsMicro: bigint; priceUsdCents: number }
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
    include: { plan: true, organization: { select: { kind: true } } },
  });
  const owed = await client.creditBalance.findUnique({
    where: { organizationId: need.organizationId },
    select: { owed: true },
  });
  const ways: Unlock[] = [];
  // A job or a paid invoice begins the next month. An unpaid month does not begin. Neither has a known day.
  const wait: Unlock[] =
    need.resetsAt > now() && current?.status !== 'past_due'
      ? [{ kind: 'wait', until: need.resetsAt, priceUsdCents: 0 }]
      : [];
  if (need.ownBudget !== null) return need.ownBudget >= need.required ? wait : [];
  if (need.locked === null && need.missing > 0n) {
    if (need.nextAllocation - need.monthly >= need.missing) ways.push(...wait);
    const packages = await client.topupPackage.findMany({ where: { active: true } });
    // What is owed from a refunded purchase is repaid by the next one first.
    const topup = cheapestTopup(packages, need.missing + (owed?.owed ?? 0n));
    if (topup !== null) ways.push(topup);
  }
  const plan = await cheapestPlan(client, need, current);
  if (plan !== null) {
    const { id: planId, name, monthlyMicro, priceUsdCents } = plan;
    ways.push({ kind: 'upgrade', planId, name, monthlyMicro, priceUsdCents });
  }
  return ways.sort((a, b) => a.priceUsdCents - b.priceUsdCents);
}

interface Package {
  id: string;
  name: string;
  creditsMicro: bigint;
  priceUsdCents: number;
}

/** As many of one package as give the credits wanted, at the least price; at the same price the fewest purchases. */
export function cheapestTopup(packages: readonly Package[], wanted: bigint): (Unlock & { kind: 'topup' }) | null {
  const ways = packages
    .filter(({ creditsMicro }) => creditsMicro > 0n)
    .map(({ id: packageId, name, creditsMicro, priceUsdCents }) => {
      const quantity = (wanted + creditsMicro - 1n) / creditsMicro;
      const count = Number(quantity);
      return {
        kind: 'topup' as const,
        packageId,
        name,
        quantity: count,
        creditsMicro: creditsMicro * quantity,
        priceUsdCents: priceUsdCents * count,
      };
    });
  ways.sort((a, b) => a.priceUsdCents - b.priceUsdCents || a.quantity - b.quantity);
  return ways[0] ?? null;
}

/**
 * Ways past a limit of requests: waiting, and the cheapest plan that includes the quality and limits requests less.
 * `limits`: of the present plan, null is none.
 */
export async function listRateUnlocks(
  client: Client,
  need: {
    organizationId: string;
    capability: string;
    quality: string;
    until: Date;
    limits: { perMinute: number | null; perDay: number | null };
  },
): Promise<Unlock[]> {
  const { organizationId, capability, quality, until, limits } = need;
  const current = await client.organizationPlan.findUnique({
    where: { organizationId },
    select: { plan: { select: { position: true } } },
  });
  const plans = await client.plan.findMany({
    where: {
      position: { gt: current?.plan.position ?? -1 },
      qualities: { some: { capabilityId: capability, qualityId: quality } },
    },
    orderBy: { priceUsdCents: 'asc' },
    include: { capabilities: { where: { capabilityId: capability, enabled: true } } },
  });
  const more = (offered: number | null, present: number | null) =>
    present === null ? offered === null : offered === null || offered > present;
  const found = plans.find(({ capabilities }) =>
    capabilities.some(
      ({ requestsPerMinute, requestsPerDay }) =>
        more(requestsPerMinute, limits.perMinute) && more(requestsPerDay, limits.perDay),
    ),
  );
  const ways: Unlock[] = [{ kind: 'wait', until, priceUsdCents: 0 }];
  if (found !== undefined) {
    const { id: planId, name, monthlyMicro, priceUsdCents } = found;
    ways.push({ kind: 'upgrade', planId, name, monthlyMicro, priceUsdCents });
  }
  return ways;
}

interface PlanTerms {
  monthlyMicro: bigint;
  priceUsdCents: number;
}

interface CurrentPlan {
  plan: PlanTerms & { position: number };
  allocationMicro: bigint;
  organization: { kind: OrganizationKind };
}

async function cheapestPlan(client: Client, need: Need, current: CurrentPlan | null) {
  const { locked, missing } = need;
  const plans = await client.plan.findMany({
    where: {
      position: { gt: current?.plan.position ?? -1 },
      ...(locked === null
        ? {}
        : {
            qualities: { some: { capabilityId: locked.capability, qualityId: locked.quality } },
            // A level of something the plan has switched off unlocks nothing.
            capabilities: { some: { capabilityId: locked.capability, enabled: true } },
          }),
    },
    orderBy: { priceUsdCents: 'asc' },
  });
  if (locked !== null) return plans[0] ?? null;
  if (missing === 0n) return null;
  const welcomed = await welcomedBy(
    client,
    plans.map(({ id }) => welcomeKey(need.organizationId, id)),
  );
  // An upgrade adds what the period is short of what the plan gives this very organization, and once the plan's welcome credits.
  const given = (plan: PlanTerms) =>
    current === null ? plan.monthlyMicro : planAllocation(current.organization.kind, plan);
  const [present, granted] = current === null ? [0n, 0n] : [given(current.plan), current.allocationMicro];
  const added = (plan: PlanTerms & { id: string; welcomeMicro: bigint }) => {
    const short = given(plan) > granted ? given(plan) - granted : 0n;
    return welcomed.has(welcomeKey(need.organizationId, plan.id)) ? short : short + plan.welcomeMicro;
  };
  // A plan with fewer credits is a downgrade, wherever it stands in the list.
  return plans.find((plan) => given(plan) >= present && added(plan) >= missing) ?? null;
}

/** The entry of a plan's welcome credits, as the ledger's upgrade names it. */
function welcomeKey(organizationId: string, planId: string): string {
  return `welcome:${organizationId}:${planId}`;
}

async function welcomedBy(client: Client, keys: string[]): Promise<ReadonlySet<string>> {
  const rows = await client.creditEntry.findMany({
    where: { idempotencyKey: { in: keys } },
    select: { idempotencyKey: true },
  });
  return new Set(rows.map(({ idempotencyKey }) => idempotencyKey));
}
