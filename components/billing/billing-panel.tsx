'use client';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { TopupDialog } from '@/components/credits/topup-dialog';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Section } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { formatDate } from '@/components/ui/format';
import { Skeleton } from '@/components/ui/skeleton';
import { ChangePlanDialog } from './change-plan-dialog';
import type { Overview } from './change-terms';
import { Invoices } from './invoices';
import { PlanNotices } from './plan-notices';
import { PlanOptions } from './plan-options';
import { PlanSummary } from './plan-summary';
import { BILLING_PATH } from './portal-button';
import { Purchases } from './purchases';

type Outcome = Outputs['billing']['changePlan'];

/**
 * The organization's plan, what it may change to, and what was paid. `wantedPlan` opens that change at once, and
 * `returnTo` (a path in this application) leads back to where the wish came from.
 */
export function BillingPanel({ wantedPlan, returnTo }: { wantedPlan: string | null; returnTo: string | null }) {
  const trpc = useTRPC();
  const { data: overview, error, refetch } = useQuery(trpc.billing.overview.queryOptions());
  const [done, setDone] = useState<Done | null>(null);
  const [toppingUp, setToppingUp] = useState(false);
  if (error !== null && overview === undefined)
    return (
      <ErrorState title="The plan could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
    );
  if (overview === undefined)
    return (
      <div role="status" className="space-y-6">
        <span className="sr-only">Loading the plan</span>
        <Skeleton className="h-40" />
        <Skeleton className="h-64" />
      </div>
    );
  const noted = done !== null && !(done.outcome.outcome === 'scheduled' && overview.pending === null);
  return (
    <div className="space-y-6">
      {/* A person who decides against the change goes back, too. */}
      {returnTo === null || noted ? null : (
        <Button size="sm" variant="ghost" asChild className="-ml-2.5">
          <Link href={returnTo}>
            <ArrowLeft aria-hidden="true" /> Back to where you were
          </Link>
        </Button>
      )}
      <div aria-live="polite" className="empty:hidden">
        {done === null ? null : <DoneNote done={done} overview={overview} returnTo={returnTo} />}
      </div>
      <PlanNotices overview={overview} onTopUp={() => setToppingUp(true)} />
      <PlanSummary overview={overview} />
      <ChangePlan
        overview={overview}
        wantedPlan={wantedPlan}
        returnTo={returnTo}
        onDone={(planName, outcome) => setDone({ planName, outcome })}
      />
      <Purchases canChange={overview.canChange} onTopUp={() => setToppingUp(true)} />
      <Invoices overview={overview} />
      <TopupDialog open={toppingUp} onOpenChange={setToppingUp} returnTo={BILLING_PATH} />
    </div>
  );
}

function ChangePlan({
  overview,
  wantedPlan,
  returnTo,
  onDone,
}: {
  overview: Overview;
  wantedPlan: string | null;
  returnTo: string | null;
  onDone: (planName: string, outcome: Outcome) => void;
}) {
  const trpc = useTRPC();
  const { data: plans, error, refetch } = useQuery(trpc.billing.plans.queryOptions());
  const { data: pricing } = useQuery(trpc.catalogue.pricing.queryOptions());
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  const [chosen, setChosen] = useState(wantedPlan);
  const offer = plans?.find(({ id, current, pending }) => id === chosen && !current && !pending);
  const isTeam = me?.organization.kind === 'team';
  return (
    <Section title="Plans" titleId="plans-title" aside={<PricingLink />}>
      {error !== null && plans === undefined ? (
        <ErrorState title="The plans could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
      ) : null}
      {plans === undefined && error === null ? <Skeleton className="h-56" /> : null}
      {plans === undefined ? null : (
        <PlanOptions plans={plans} overview={overview} pricing={pricing} isTeam={isTeam} onChoose={setChosen} />
      )}
      {offer !== undefined && overview.canChange ? (
        <ChangePlanDialog
          offer={offer}
          overview={overview}
          pricing={pricing}
          isTeam={isTeam}
          returnTo={returnTo}
          onClose={() => setChosen(null)}
          onDone={(outcome) => {
            setChosen(null);
            onDone(offer.name, outcome);
          }}
        />
      ) : null}
    </Section>
  );
}

function PricingLink() {
  return (
    <Link href="/pricing" className="text-[0.8125rem] text-chalk underline underline-offset-2">
      What credits buy
    </Link>
  );
}

interface Done {
  planName: string;
  outcome: Outcome;
}

/** What the change came to, and the way back to where it began. */
function DoneNote({ done, overview, returnTo }: { done: Done; overview: Overview; returnTo: string | null }) {
  const { planName, outcome } = done;
  const scheduled = outcome.outcome === 'scheduled';
  // The end of a period that is just being paid for stands in no notice yet.
  const afterNext = outcome.at !== null && outcome.at > overview.period.end;
  // The plan's own notice says what is planned, and takes it back.
  if (scheduled && !afterNext && (overview.pending === null || returnTo === null)) return null;
  const title = scheduled
    ? `Planned: ${planName} from ${formatDate(outcome.at ?? overview.period.end)}`
    : `You are on the ${overview.plan.name} plan`;
  return (
    <Callout
      tone="success"
      title={title}
      actions={
        returnTo === null ? undefined : (
          <Button size="sm" variant="primary" asChild>
            <Link href={returnTo}>Back to where you were</Link>
          </Button>
        )
      }
    />
  );
}
