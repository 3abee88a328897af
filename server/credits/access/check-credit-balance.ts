import 'server-only';
import type { Client } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { planAllocation } from './plan-allocation';

/** Micro-credits. */
export interface CreditCheck {
  enough: boolean;
  /** What the organization can spend now: balance without what is held. */
  available: bigint;
  /** What is missing for `required`; 0 when there is enough. */
  missing: bigint;
  /** What the person's own monthly budget still allows; null: no such budget. */
  budgetLeft: bigint | null;
  /** When the next monthly credits come. */
  resetsAt: Date;
  /** What the next reset will grant. */
  nextAllocation: bigint;
  /** Monthly credits that are left now; they expire at the reset. */
  monthly: bigint;
  /** The person's whole monthly budget; null: none. */
  budget: bigint | null;
}

/**
 * Whether an amount of micro-credits could be held now. Reads only: the hold itself decides.
 * @throws AppError `not_found`
 */
export async function checkCreditBalance(
  client: Client,
  input: { organizationId: string; userId: string | null; required: bigint },
): Promise<CreditCheck> {
  const { organizationId, userId, required } = input;
  const row = await client.creditBalance.findUnique({
    where: { organizationId },
    include: { organization: { include: { plan: { include: { plan: true } } } } },
  });
  if (row === null) throw notFound('Credit account');
  const available = row.monthly + row.bonus - row.held;
  const own = userId === null ? null : await memberBudget(client, { organizationId, userId });
  const budgetLeft = own?.left ?? null;
  const usable = budgetLeft !== null && budgetLeft < available ? budgetLeft : available;
  const plan = row.organization.plan;
  const next =
    plan?.pendingPlanId == null ? plan?.plan : await client.plan.findUnique({ where: { id: plan.pendingPlanId } });
  return {
    enough: usable >= required,
    available,
    missing: usable >= required ? 0n : required - usable,
    budgetLeft,
    resetsAt: row.periodEnd,
    monthly: row.monthly,
    budget: own?.budget ?? null,
    nextAllocation: next == null ? 0n : planAllocation(row.organization.kind, next),
  };
}

/** What a member's monthly budget leaves, as the reserve itself counts it: nothing for no member. Null: no budget. */
export async function memberBudget(
  client: Client,
  input: { organizationId: string; userId: string },
): Promise<{ budget: bigint; left: bigint } | null> {
  const { organizationId, userId } = input;
  const [row] = await client.$queryRaw<{ budget: bigint | null; committed: bigint }[]>`
    SELECT m."monthlyBudgetMicro" AS budget, CASE WHEN m."monthlyBudgetMicro" IS NULL THEN 0
      ELSE get_member_committed(m."organizationId", m."userId", b."periodStart") END::bigint AS committed
    FROM "Membership" m JOIN "CreditBalance" b ON b."organizationId" = m."organizationId"
    WHERE m."organizationId" = ${organizationId} AND m."userId" = ${userId}`;
  if (row === undefined) return { budget: 0n, left: 0n };
  if (row.budget === null) return null;
  const left = row.budget - row.committed;
  return { budget: row.budget, left: left > 0n ? left : 0n };
}
