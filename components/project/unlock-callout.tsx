import Link from 'next/link';
import { Credits } from '@/components/credits/credits';
import type { ProjectView } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { formatDate } from '@/components/ui/format';
import { formatCredits, MICRO } from '@/server/credits/schema';
import { RunControls } from './run-controls';

type Unlock = NonNullable<ProjectView['unlock']>;

/** The run waits for credits or for a larger budget: what is missing, when it comes by itself, and the way on. */
export function UnlockCallout({ projectId, unlock }: { projectId: string; unlock: Unlock }) {
  const isCredits = unlock.kind === 'credits';
  const isOwnBudget = unlock.kind === 'member_budget';
  const figures = [
    { name: 'Next step, at most', micro: unlock.required },
    { name: isCredits ? 'You have' : 'Left in the budget', micro: unlock.available },
    { name: 'Missing', micro: unlock.missing },
  ];
  // Two decimals would say that what is needed is there.
  const exact = formatCredits(unlock.required) === formatCredits(unlock.available) || unlock.missing < MICRO / 100n;
  if (unlock.missing === 0n) {
    return (
      <Callout tone="success" title="Enough credits again" actions={<RunControls only="resume" />}>
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
          : isOwnBudget
            ? 'Paused: your monthly budget in this organization is reached'
            : 'Paused: the budget of this project is reached'
      }
      actions={
        <>
          <Button size="sm" variant="primary" asChild>
            <Link
              href={
                isCredits
                  ? `/credits?topup=1&returnTo=/projects/${projectId}`
                  : isOwnBudget
                    ? '/settings/members'
                    : `/projects/${projectId}/settings`
              }
            >
              {isCredits ? 'Add credits' : isOwnBudget ? 'Who can raise it' : 'Change the budget'}
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
            {isOwnBudget ? (
              'Budgets begin anew on'
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
        No finished step is lost, and nothing was cut in the middle of a file.
      </p>
    </Callout>
  );
}
