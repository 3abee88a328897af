'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import { toast } from 'sonner';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { formatDate } from '@/components/ui/format';
import { formatUsd } from '@/server/billing/schema';
import type { Overview } from './change-terms';
import { PortalButton } from './portal-button';
import { useRefreshBilling } from './use-plan-change';

/** What the organization should know or do about its plan, most urgent first. */
export function PlanNotices({ overview, onTopUp }: { overview: Overview; onTopUp: () => void }) {
  const { status, pending, usage, mock, canChange } = overview;
  return (
    <>
      {status === 'past_due' ? <PastDue overview={overview} /> : null}
      {usage.owedMicro > 0n ? (
        <Callout
          tone="warning"
          title="Credits are owed"
          actions={
            canChange ? (
              <Button size="sm" onClick={onTopUp}>
                Buy credits
              </Button>
            ) : undefined
          }
        >
          <Credits micro={usage.owedMicro} className="font-medium" /> credits of a purchase that was refunded or
          disputed had been used already. The next purchase repays them first; what is left of it can be spent.
        </Callout>
      ) : null}
      {pending === null ? null : <Pending overview={overview} pending={pending} />}
      {canChange ? null : <ReadOnly />}
      {mock ? (
        <Callout tone="info" title="Local test payments: no money moves">
          This instance has no payment service. Plans and packages can be tried, and every price below stays on paper.
        </Callout>
      ) : null}
    </>
  );
}

function PastDue({ overview }: { overview: Overview }) {
  const trpc = useTRPC();
  const { data: invoices } = useQuery(trpc.billing.invoices.queryOptions());
  const { graceUntil, plan, portal, canChange } = overview;
  const due = invoices?.find((invoice) => invoice.status === 'open');
  const until = graceUntil === null ? null : formatDate(graceUntil);
  return (
    <Callout
      tone="danger"
      title={until === null ? 'The last payment failed' : `The last payment failed: pay by ${until}`}
      actions={
        canChange && portal ? (
          <>
            <PortalButton variant="primary" size="sm" />
            {due?.url == null ? null : (
              <Button size="sm" asChild>
                <a href={due.url} target="_blank" rel="noreferrer">
                  Open the invoice <ExternalLink aria-hidden="true" />
                </a>
              </Button>
            )}
          </>
        ) : undefined
      }
    >
      {due === undefined ? null : (
        <>
          <span className="font-medium">{formatUsd(due.amountCents)}</span> for the {plan.name} plan are due.{' '}
        </>
      )}
      {canChange
        ? 'Update the payment method and the payment is tried again.'
        : 'An owner has to update the payment method.'}{' '}
      Until {until ?? 'the end of the grace time'} everything works as before. After that the {plan.name} plan ends and
      monthly credits above those of the free plan are taken; bought and bonus credits, projects and files stay.
    </Callout>
  );
}

function Pending({ overview, pending }: { overview: Overview; pending: NonNullable<Overview['pending']> }) {
  const trpc = useTRPC();
  const refresh = useRefreshBilling();
  const undo = useMutation(
    trpc.billing.resume.mutationOptions({
      onSuccess: async () => {
        await refresh();
        toast.success(`You stay on the ${overview.plan.name} plan.`);
      },
      onError: (error) => toast.error(errorMessage(error)),
    }),
  );
  return (
    <Callout
      tone="warning"
      title={`Changes to ${pending.planName} on ${formatDate(pending.from)}`}
      actions={
        overview.canChange ? (
          <Button size="sm" disabled={undo.isPending} onClick={() => undo.mutate()}>
            Undo, stay on {overview.plan.name}
          </Button>
        ) : undefined
      }
    >
      {pending.planId === 'free' ? 'The subscription is cancelled. ' : ''}
      Until then nothing changes and nothing is due. What is left of the monthly credits expires on that day; bought and
      bonus credits, projects and files stay.
    </Callout>
  );
}

/** For a person who may not change it: who can. */
function ReadOnly() {
  const trpc = useTRPC();
  const { data } = useQuery(trpc.organizations.members.queryOptions());
  const owners = data?.filter(({ role }) => role === 'owner').map(({ name, email }) => name ?? email) ?? [];
  return (
    <Callout tone="info" title="Only an owner can change the plan">
      You see what your organization has.{' '}
      {owners.length === 0 ? 'Ask an owner to change it.' : `Ask ${owners.join(' or ')} to change it.`}
    </Callout>
  );
}
