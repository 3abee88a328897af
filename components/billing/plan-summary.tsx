'use client';
import { useQuery } from '@tanstack/react-query';
import { Credits } from '@/components/credits/credits';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Card } from '@/components/ui/card';
import { formatDate, percentOf } from '@/components/ui/format';
import { Progress } from '@/components/ui/progress';
import { formatUsd } from '@/server/billing/schema';
import { formatCredits } from '@/server/credits/schema';
import type { Overview } from './change-terms';

const STATUS = {
  active: { label: 'active', tone: 'success' },
  past_due: { label: 'payment failed', tone: 'danger' },
  canceled: { label: 'subscription ended', tone: 'neutral' },
} as const;

/** The present plan, its period, and how much of the period's credits are used. */
export function PlanSummary({ overview }: { overview: Overview }) {
  const trpc = useTRPC();
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  const { plan, status, period, usage } = overview;
  const { label, tone } = STATUS[status];
  return (
    <Card className="grid gap-x-10 gap-y-5 p-4 md:grid-cols-2">
      <div className="min-w-0">
        <p className="lettering text-muted-foreground">Current plan</p>
        {me?.organization.kind === 'team' ? (
          <p className="text-[0.8125rem] wrap-anywhere text-muted-foreground">of {me.organization.name}</p>
        ) : null}
        <p className="mt-0.5 flex flex-wrap items-center gap-2 text-2xl font-semibold tracking-tight">
          {plan.name}
          <Badge tone={tone}>{label}</Badge>
        </p>
        <p className="text-muted-foreground">
          {plan.priceUsdCents === 0 ? 'No charge' : `${formatUsd(plan.priceUsdCents)} a month`} ·{' '}
          {usage.allocationMicro === 0n
            ? 'no monthly credits for a team'
            : `${formatCredits(usage.allocationMicro)} credits a month`}
        </p>
        <p className="mt-3 text-[0.8125rem]">
          <span className="text-muted-foreground">Period </span>
          <time dateTime={period.start.toISOString()}>{formatDate(period.start)}</time> to{' '}
          <time dateTime={period.end.toISOString()}>{formatDate(period.end)}</time>
          <span className="block text-muted-foreground">{afterwards(overview)}</span>
        </p>
      </div>
      <UsageFigures usage={usage} />
    </Card>
  );
}

/** What comes when the period is over, or what came of the plan before. */
function afterwards({ status, pending, usage, graceUntil }: Overview): string {
  if (status === 'past_due')
    return graceUntil === null
      ? 'The plan goes on when its payment has arrived.'
      : `Without a payment the plan ends on ${formatDate(graceUntil)}.`;
  if (pending !== null)
    return pending.planId === 'free'
      ? `Then the subscription ends and the ${pending.planName} plan begins.`
      : `Then the ${pending.planName} plan begins.`;
  if (status === 'canceled') return 'The last subscription has ended. Choose a plan below to subscribe again.';
  return usage.allocationMicro === 0n ? 'Then the next one begins.' : 'Then the monthly credits are granted again.';
}

function UsageFigures({ usage }: { usage: Overview['usage'] }) {
  const percent = percentOf(usage.usedMicro, usage.allocationMicro);
  const rows = [
    { name: 'Monthly credits left', micro: usage.monthlyMicro, always: true },
    { name: 'Bonus and bought credits', micro: usage.bonusMicro, always: true },
    { name: 'Held by running work', micro: -usage.heldMicro, always: false },
    { name: 'Owed, taken from the next purchase', micro: usage.owedMicro, always: false },
  ].filter(({ micro, always }) => always || micro !== 0n);
  return (
    <div>
      <div className="flex items-baseline justify-between gap-3">
        <p className="lettering text-muted-foreground">Used this period</p>
        <p className="text-[0.8125rem]">
          <Credits micro={usage.usedMicro} className="font-medium" unit={usage.allocationMicro === 0n} />
          {usage.allocationMicro === 0n ? null : (
            <>
              <span className="text-muted-foreground"> of </span>
              <Credits micro={usage.allocationMicro} unit />
            </>
          )}
        </p>
      </div>
      {usage.allocationMicro === 0n ? null : (
        <Progress className="mt-2 h-1.5" value={percent} label={`${percent} % of the monthly credits used`} />
      )}
      {usage.allocationMicro > 0n && usage.usedMicro > usage.allocationMicro ? (
        <p className="mt-1 text-[0.75rem] text-muted-foreground">
          What goes beyond came from bonus and bought credits.
        </p>
      ) : null}
      <dl className="mt-3 grid grid-cols-[1fr_auto] gap-x-6 gap-y-0.5 text-[0.8125rem]">
        {rows.map(({ name, micro }) => (
          <div key={name} className="contents">
            <dt className="text-muted-foreground">{name}</dt>
            <dd className="num">
              <Credits micro={micro} unit />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
