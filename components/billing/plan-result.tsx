'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { useEffect } from 'react';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { ErrorState } from '@/components/ui/error-state';
import { formatDate } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { OrderSummary } from './checkout-frame';
import { Elsewhere } from './elsewhere';
import { WayBack } from './purchase-live-state';
import { useWaiting, Waiting } from './waiting-for-payment';

/** Milliseconds between two looks for the confirmation. */
const LOOK_EVERY_MS = 1_500;

const PLAN_PAGE = { href: '/settings/billing', label: 'To plan and billing' };

interface Props {
  planId: string;
  returnTo: string | null;
  cancelled?: boolean;
}

/**
 * What came of a change of plan. `organizationId`: whose plan it is, which need not be the organization that is active by
 * now; null: the active one's.
 */
export function PlanResult({ organizationId, ...props }: Props & { organizationId: string | null }) {
  const trpc = useTRPC();
  const { data: me, isPending } = useQuery(trpc.account.me.queryOptions());
  if (isPending) return <SkeletonRows rows={2} label="Loading the plan" />;
  const home = me?.organizations.find(({ id }) => id === organizationId);
  if (home === undefined || home.id === me?.organization.id) return <PlanState {...props} />;
  const { planId: plan, returnTo, cancelled = false } = props;
  const query = new URLSearchParams({ plan, organization: home.id, ...(returnTo === null ? {} : { returnTo }) });
  return <Elsewhere of={home} what="This plan" to={`/checkout/${cancelled ? 'cancelled' : 'success'}?${query}`} />;
}

/** The true state of a change of plan, live until the plan is there. */
function PlanState({ planId, returnTo, cancelled = false }: Props) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery(
    trpc.billing.overview.queryOptions(undefined, {
      refetchInterval: ({ state }) => (cancelled || state.data?.plan.id === planId ? false : LOOK_EVERY_MS),
    }),
  );
  const there = data?.plan.id === planId;
  const long = useWaiting(!there && !cancelled);
  useEffect(() => {
    if (there) void queryClient.invalidateQueries(trpc.credits.pathFilter());
  }, [there, queryClient, trpc]);
  if (error !== null && data === undefined)
    return (
      <ErrorState title="The plan could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
    );
  if (data === undefined) return <SkeletonRows rows={2} label="Loading the plan" />;
  return (
    <>
      <div aria-live="polite">
        {there ? (
          <Callout tone="success" title={`You are on the ${data.plan.name} plan`}>
            <Credits micro={data.usage.monthlyMicro} unit /> to use until {formatDate(data.period.end)}.
          </Callout>
        ) : cancelled ? (
          <Callout tone="info" title={`You stay on the ${data.plan.name} plan`}>
            Nothing was charged.
          </Callout>
        ) : (
          <Waiting long={long} what="the plan" />
        )}
      </div>
      <OrderSummary
        rows={[
          { name: 'Plan', value: data.plan.name },
          { name: 'Credits a month', value: <Credits micro={data.usage.allocationMicro} unit /> },
        ]}
      />
      <WayBack to={returnTo} primary={there} home={PLAN_PAGE}>
        {cancelled && !there ? (
          <Button asChild variant="primary">
            <Link
              href={`/settings/billing?${new URLSearchParams({ plan: planId, ...(returnTo === null ? {} : { returnTo }) })}`}
            >
              Choose the plan again
            </Link>
          </Button>
        ) : null}
      </WayBack>
    </>
  );
}
