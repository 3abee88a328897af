'use client';
import { Check } from 'lucide-react';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { formatDate } from '@/components/ui/format';
import { formatUsd } from '@/server/billing/schema';
import { type Overview, type PlanOffer, type Pricing, planFeatures } from './change-terms';
import { monthlyCredits } from './monthly-credits';

/** The plans side by side; a change is confirmed before it is made. */
export function PlanOptions({
  plans,
  overview,
  pricing,
  isTeam,
  onChoose,
}: {
  plans: readonly PlanOffer[];
  overview: Overview;
  pricing: Pricing | undefined;
  isTeam: boolean;
  onChoose: (planId: string) => void;
}) {
  // One way on stands out, unless the payment method comes first.
  const next = overview.status === 'past_due' ? undefined : plans.find(({ change }) => change.kind === 'upgrade');
  return (
    <ul aria-label="Plans" className="grid overflow-hidden rounded-lg border border-border bg-card md:grid-cols-3">
      {plans.map((plan) => (
        <li
          key={plan.id}
          className={cn(
            'flex flex-col gap-3 border-border p-4 not-last:max-md:border-b not-last:md:border-r',
            plan.current && 'bg-chalk-soft/50',
          )}
        >
          <div>
            <h3 className="flex flex-wrap items-center gap-2 font-semibold">
              {plan.name}
              {plan.current ? <Badge tone="chalk">current</Badge> : null}
              {plan.pending && overview.pending !== null ? (
                <Badge tone="warning">from {formatDate(overview.pending.from)}</Badge>
              ) : null}
            </h3>
            <p className="mt-0.5">
              <span className="text-lg font-semibold tabular-nums">{formatUsd(plan.priceUsdCents)}</span>
              <span className="text-muted-foreground"> a month</span>
            </p>
          </div>
          <ul className="space-y-1 text-[0.8125rem]">
            {[monthlyCredits(plan, isTeam), ...planFeatures(pricing, plan.id)].map((feature) => (
              <li key={feature} className="flex gap-1.5">
                <Check aria-hidden="true" className="mt-0.5 size-3.5 shrink-0 text-muted-foreground" />
                {feature}
              </li>
            ))}
          </ul>
          {overview.canChange ? <PlanAction plan={plan} standsOut={plan.id === next?.id} onChoose={onChoose} /> : null}
        </li>
      ))}
    </ul>
  );
}

function PlanAction({
  plan,
  standsOut,
  onChoose,
}: {
  plan: PlanOffer;
  standsOut: boolean;
  onChoose: (planId: string) => void;
}) {
  if (plan.current || plan.pending) return null;
  const upgrade = plan.change.kind === 'upgrade';
  const label = upgrade
    ? `Upgrade to ${plan.name}`
    : plan.priceUsdCents === 0
      ? 'Cancel the subscription'
      : `Change to ${plan.name}`;
  return (
    <Button className="mt-auto w-full" variant={standsOut ? 'primary' : 'outline'} onClick={() => onChoose(plan.id)}>
      {label}
    </Button>
  );
}
