import { Check } from 'lucide-react';
import Link from 'next/link';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { formatUsd } from '@/server/billing/schema';
import { formatCredits } from '@/server/credits/schema';
import { type Pricing, planFeatures } from './change-terms';
import { monthlyCredits } from './monthly-credits';

/** Who looks at the prices. `canChange`: an owner, who may go on to the plan. */
export interface Viewer {
  planId: string;
  canChange: boolean;
  /** Acts for a team, whose free plan gives nothing. */
  isTeam: boolean;
}

/** The plans as the catalogue has them, each with the way on that fits who looks. */
export function PlanCards({ pricing, viewer }: { pricing: Pricing; viewer: Viewer | null }) {
  return (
    <ul aria-label="Plans" className="grid overflow-hidden rounded-lg border border-border bg-card md:grid-cols-3">
      {pricing.plans.map((plan) => (
        <li
          key={plan.id}
          className={cn(
            'flex flex-col gap-4 border-border p-5 not-last:max-md:border-b not-last:md:border-r',
            viewer?.planId === plan.id && 'bg-chalk-soft/50',
          )}
        >
          <div>
            <h3 className="flex flex-wrap items-center gap-2 text-base font-semibold">
              {plan.name}
              {viewer?.planId === plan.id ? <Badge tone="chalk">your plan</Badge> : null}
            </h3>
            <p className="mt-1">
              <span className="text-3xl font-semibold tracking-tight tabular-nums">
                {formatUsd(plan.priceUsdCents).replace(' USD', '')}
              </span>
              <span className="text-muted-foreground"> USD a month</span>
            </p>
          </div>
          <ul className="space-y-1.5">
            {featuresOf(pricing, plan, viewer?.isTeam === true).map((feature) => (
              <li key={feature} className="flex gap-2">
                <Check aria-hidden="true" className="mt-1 size-3.5 shrink-0 text-brass" />
                {feature}
              </li>
            ))}
          </ul>
          <PlanLink plan={plan} viewer={viewer} />
        </li>
      ))}
    </ul>
  );
}

function featuresOf(pricing: Pricing, plan: Pricing['plans'][number], isTeam: boolean): string[] {
  const welcome =
    plan.welcomeMicro > 0n && !isTeam
      ? [`${formatCredits(plan.welcomeMicro)} welcome credits once, which do not expire`]
      : [];
  return [monthlyCredits(plan, isTeam), ...welcome, ...planFeatures(pricing, plan.id)];
}

function PlanLink({ plan, viewer }: { plan: Pricing['plans'][number]; viewer: Viewer | null }) {
  const billing = `/settings/billing?${new URLSearchParams({ plan: plan.id, returnTo: '/pricing' })}`;
  const isFree = plan.priceUsdCents === 0;
  if (viewer === null) {
    const href = isFree ? '/projects/new' : `/sign-in?${new URLSearchParams({ callbackUrl: billing })}`;
    return (
      <Button className="mt-auto" variant={isFree ? 'primary' : 'outline'} asChild>
        <Link href={href} prefetch={false}>
          {isFree ? 'Start free' : `Choose ${plan.name}`}
        </Link>
      </Button>
    );
  }
  const isOwn = viewer.planId === plan.id;
  if (!(viewer.canChange || isOwn))
    return <p className="mt-auto text-[0.8125rem] text-muted-foreground">An owner can change to it.</p>;
  return (
    <Button className="mt-auto" asChild>
      <Link href={isOwn ? '/settings/billing' : billing} prefetch={false}>
        {isOwn ? 'Plan and billing' : `Choose ${plan.name}`}
      </Link>
    </Button>
  );
}
