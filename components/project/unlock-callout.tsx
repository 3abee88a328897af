import Link from 'next/link';
import { Credits } from '@/components/credits/credits';
import { missingFigures } from '@/components/credits/missing-figures';
import type { ProjectView } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { formatDate } from '@/components/ui/format';
import { RunControls } from './run-controls';

type Unlock = NonNullable<ProjectView['unlock']>;

/** The run waits for credits or for a larger budget: what is missing, when it comes by itself, and the way on. */
export function UnlockCallout({ projectId, unlock }: { projectId: string; unlock: Unlock }) {
  const isCredits = unlock.kind === 'credits';
  const isMemberBudget = unlock.kind === 'member_budget';
  const payer = unlock.payer?.name ?? 'the person who continued it';
  const { required, available, missing, exact } = missingFigures(unlock);
  const figures = [
    { name: 'Next step, at most', micro: required },
    { name: isCredits ? 'You have' : 'Left in the budget', micro: available },
    { name: 'Missing', micro: missing },
  ];
  if (unlock.payer?.left) {
    return (
      <Callout tone="warning" title="Paused: somebody else has to go on" actions={<RunControls only="resume" />}>
        {payer} continued this run and is no longer in this organization. The person who resumes it goes on within their
        own budget. Everything finished is kept.
      </Callout>
    );
  }
  if (unlock.missing === 0n) {
    return (
      <Callout tone="success" title="Enough credits again" actions={<RunControls only="resume" />}>
        {isMemberBudget
          ? `The monthly budget of ${payer} covers the next step again; if you resume, yours has to. `
          : null}
        The run waits where it paused. Resume goes on with the next step; everything finished is kept.
      </Callout>
    );
  }
  return (
    <Callout
      tone="warning"
      title={
        isCredits
          ? 'Paused: out of credits'
          : isMemberBudget
            ? `Paused: the monthly budget of ${payer} is reached`
            : 'Paused: the budget of this project is reached'
      }
      actions={
        <>
          <Button size="sm" variant="primary" asChild>
            <Link
              href={
                isCredits
                  ? `/credits?topup=1&returnTo=/projects/${projectId}`
                  : isMemberBudget
                    ? '/settings/members'
                    : `/projects/${projectId}/settings`
              }
            >
              {isCredits ? 'Add credits' : isMemberBudget ? 'Who can raise it' : 'Change the budget'}
            </Link>
          </Button>
          <RunControls only="resume" waits />
        </>
      }
    >
      <dl className="my-2 grid max-w-xs grid-cols-[1fr_auto] gap-x-6 gap-y-0.5">
        {figures.map(({ name, micro }) => (
          <div key={name} className="contents last:font-medium">
            <dt>{name}</dt>
            <dd className="num">
              <Credits micro={micro} unit exact={exact} />
            </dd>
          </div>
        ))}
      </dl>
      <p>
        {unlock.monthly === null ? null : (
          <>
            {isMemberBudget ? (
              'Budgets start again on'
            ) : (
              <>
                <Credits micro={unlock.monthly.amount} className="font-medium" /> monthly credits come on
              </>
            )}{' '}
            <time dateTime={unlock.monthly.at.toISOString()} className="font-medium whitespace-nowrap">
              {formatDate(unlock.monthly.at)}
            </time>
            .{' '}
          </>
        )}
        {isMemberBudget ? 'Somebody else may resume it, within their own budget. ' : null}
        No finished step is lost, and nothing was cut in the middle of a file.
      </p>
    </Callout>
  );
}
