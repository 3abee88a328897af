import 'server-only';
import { planAllocation } from '@/server/credits/access/plan-allocation';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { notFound } from '@/server/platform/errors';
import { isLarger, type PlanSize } from './larger-plan';

/** Packages on sale, in order. */
export async function listPackages() {
  const rows = await db().topupPackage.findMany({ where: { active: true }, orderBy: { position: 'asc' } });
  return rows.map(({ id, name, creditsMicro, priceUsdCents, popular }) => ({
    id,
    name,
    creditsMicro,
    priceUsdCents,
    popular,
    centsPerCredit: centsPerCredit(priceUsdCents, creditsMicro),
  }));
}

/** US cents for one credit, two decimals rounded half up, as text: `7.99`. */
export function centsPerCredit(priceUsdCents: number, creditsMicro: bigint): string {
  const hundredths = (BigInt(priceUsdCents) * 100_000_000n + creditsMicro / 2n) / creditsMicro;
  return `${hundredths / 100n}.${(hundredths % 100n).toString().padStart(2, '0')}`;
}

export interface PlanOfferChange {
  kind: 'current' | 'upgrade' | 'downgrade';
  /** When it takes effect; null is at once. */
  at: Date | null;
  /** Micro-credits that this period gets in addition. */
  creditsNowMicro: bigint;
  /** US cents charged at once, estimated: Stripe's invoice is exact to the second. */
  dueNowCents: number;
  /** It leads to the payment page. */
  checkout: boolean;
}

/** Every plan, and what changing to it would mean for this organization. @throws AppError `not_found` */
export async function listPlans(organizationId: string) {
  const [found, plans] = await Promise.all([
    db().organizationPlan.findUnique({ where: { organizationId }, include: { plan: true, organization: true } }),
    db().plan.findMany({ orderBy: { position: 'asc' } }),
  ]);
  if (found === null) throw notFound('Plan');
  const allocated = <P extends PlanFigures>(plan: P): P => ({
    ...plan,
    monthlyMicro: planAllocation(found.organization.kind, plan),
  });
  const row = { ...found, plan: allocated(found.plan) };
  const subscribed = row.stripeSubscriptionId !== null && row.status !== 'canceled';
  return plans.map(allocated).map(({ id, name, monthlyMicro, welcomeMicro, priceUsdCents, position }) => ({
    id,
    name,
    monthlyMicro,
    welcomeMicro,
    priceUsdCents,
    current: id === row.planId,
    pending: id === row.pendingPlanId,
    change: changeTo({ id, monthlyMicro, priceUsdCents, position }, { row, subscribed }),
  }));
}

interface PlanFigures extends PlanSize {
  id: string;
  priceUsdCents: number;
}

interface PlanRow {
  status: string;
  periodStart: Date;
  periodEnd: Date;
  allocationMicro: bigint;
  plan: PlanFigures;
}

function changeTo(plan: PlanFigures, { row, subscribed }: { row: PlanRow; subscribed: boolean }): PlanOfferChange {
  const current = row.plan;
  if (plan.id === current.id)
    return { kind: 'current', at: null, creditsNowMicro: 0n, dueNowCents: 0, checkout: false };
  if (isLarger(current, plan)) {
    // What was not paid for ends at once when it is cancelled.
    const atOnce = subscribed && row.status === 'past_due' && plan.priceUsdCents <= 0 && !mockPayments();
    return {
      kind: 'downgrade',
      at: atOnce ? null : row.periodEnd,
      creditsNowMicro: 0n,
      dueNowCents: 0,
      checkout: false,
    };
  }
  // What the period was given, not what the plan gives now: an operator may have edited it since.
  const short = plan.monthlyMicro - row.allocationMicro;
  const creditsNowMicro = short > 0n ? short : 0n;
  const dueNowCents = mockPayments() ? 0 : dueNow(plan, { row, subscribed });
  return { kind: 'upgrade', at: null, creditsNowMicro, dueNowCents, checkout: !subscribed && !mockPayments() };
}

/** A first subscription costs its whole first month, a larger one the difference for the rest of the period. */
function dueNow(plan: PlanFigures, { row, subscribed }: { row: PlanRow; subscribed: boolean }): number {
  if (!subscribed) return plan.priceUsdCents;
  const whole = row.periodEnd.getTime() - row.periodStart.getTime();
  const rest = Math.min(whole, Math.max(0, row.periodEnd.getTime() - now().getTime()));
  return Math.max(0, Math.round(((plan.priceUsdCents - row.plan.priceUsdCents) * rest) / whole));
}
