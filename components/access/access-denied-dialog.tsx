'use client';
import { skipToken, useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { Credits } from '@/components/credits/credits';
import { missingFigures } from '@/components/credits/missing-figures';
import { presentPath } from '@/components/credits/topup-dialog';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Dialog, DialogContent } from '@/components/ui/dialog';
import { ErrorState } from '@/components/ui/error-state';
import { SkeletonRows } from '@/components/ui/skeleton';
import {
  type AccessScope,
  type Refusal,
  refusalTitle,
  type Unlock,
  usefulUnlocks,
  waitInWords,
} from './access-refusal';
import { UnlockList } from './unlock-list';

/** The ways out of a refusal, asked again when the dialog opens: credits may have come since. */
function useUnlocks(refusal: Refusal, { projectId, taskId }: AccessScope) {
  const trpc = useTRPC();
  const project = useQuery(
    trpc.access.project.queryOptions(
      projectId !== undefined ? { projectId, ...(taskId === undefined ? {} : { taskId }) } : skipToken,
    ),
  );
  const quality = refusal.quality ?? 'fast';
  const general = useQuery(
    trpc.access.check.queryOptions(
      projectId === undefined ? { capability: refusal.capability ?? 'implement', quality } : skipToken,
    ),
  );
  const query = projectId === undefined ? general : project;
  const answer = query.data;
  const level = answer?.qualities.find((row) => row.quality === (refusal.quality ?? answer.quality));
  const unlocks: Unlock[] | undefined = answer === undefined ? undefined : (level?.unlocks ?? []);
  return { unlocks, error: query.error, refetch: query.refetch };
}

function Figures({ refusal }: { refusal: Refusal }) {
  const { required, available, missing } = refusal;
  // What the plan does not include, credits do not unlock.
  if (refusal.code !== 'insufficient_credits' && refusal.code !== 'budget_exceeded') return null;
  if (required === null || available === null || missing === null || missing === 0n) return null;
  const { exact, ...figures } = missingFigures({ required, available, missing });
  const rows = [
    { name: 'Needed, at most', micro: figures.required },
    { name: refusal.code === 'budget_exceeded' ? 'Left in the budget' : 'You have', micro: figures.available },
    { name: 'Missing', micro: figures.missing },
  ];
  return (
    <dl className="grid max-w-xs grid-cols-[1fr_auto] gap-x-6 gap-y-0.5 text-[0.8125rem]">
      {rows.map(({ name, micro }) => (
        <div key={name} className="contents last:font-medium">
          <dt>{name}</dt>
          <dd className="num">
            <Credits micro={micro} unit exact={exact} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A budget is raised where it was set: a project's in its settings, a person's by an admin. */
function RaiseBudget({ refusal, projectId, close }: { refusal: Refusal; projectId?: string; close: () => void }) {
  const trpc = useTRPC();
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  if (refusal.budget === 'project') {
    if (projectId === undefined) return null;
    return (
      <Button variant="primary" asChild>
        <Link href={`/projects/${projectId}/settings`} onClick={close}>
          Raise the budget
        </Link>
      </Button>
    );
  }
  if (me === undefined) return null;
  if (me.organization.role === 'member')
    return (
      <p className="text-[0.8125rem]">
        The budget is yours for a month in {me.organization.name}. An admin or owner of the team can raise it.
      </p>
    );
  return (
    <Button variant="primary" asChild>
      <Link href="/settings/members" onClick={close}>
        Raise the budget
      </Link>
    </Button>
  );
}

function Body({ refusal, scope, close }: { refusal: Refusal; scope: AccessScope; close: () => void }) {
  const { unlocks, error, refetch } = useUnlocks(refusal, scope);
  if (error !== null && unlocks === undefined)
    return (
      <ErrorState title="The ways out could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
    );
  const ways = unlocks === undefined ? undefined : usefulUnlocks(refusal, unlocks);
  const { retryAfterSeconds } = refusal;
  return (
    <div className="space-y-4">
      <Figures refusal={refusal} />
      {refusal.code === 'rate_limited' ? (
        <p className="text-[0.8125rem]">
          {retryAfterSeconds === null
            ? 'Try again in a moment.'
            : `It is possible again in ${waitInWords(retryAfterSeconds)}.`}{' '}
          Nothing was charged. A higher plan has higher limits.
        </p>
      ) : null}
      {refusal.code === 'budget_exceeded' ? (
        <RaiseBudget
          refusal={refusal}
          close={close}
          {...(scope.projectId === undefined ? {} : { projectId: scope.projectId })}
        />
      ) : null}
      {ways === undefined ? <SkeletonRows rows={2} label="Looking for ways out" /> : null}
      {ways !== undefined && ways.length > 0 ? (
        <UnlockList unlocks={ways} returnTo={presentPath()} onLeave={close} />
      ) : null}
      {ways?.length === 0 && refusal.code !== 'budget_exceeded' ? (
        <div className="flex flex-wrap gap-2">
          {refusal.code === 'insufficient_credits' ? (
            <Button variant="primary" asChild>
              <Link href={`/credits?${new URLSearchParams({ topup: '1', returnTo: presentPath() })}`} onClick={close}>
                Add credits
              </Link>
            </Button>
          ) : null}
          <Button asChild>
            <Link href="/settings/billing" onClick={close}>
              See the plans
            </Link>
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** Why something was refused, what is missing, and every way out, cheapest first, each leading back here. */
export function AccessDeniedDialog({
  refusal,
  scope,
  open,
  onOpenChange,
}: {
  refusal: Refusal;
  scope: AccessScope;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title={refusalTitle(refusal)} description={refusal.message}>
        <Body refusal={refusal} scope={scope} close={() => onOpenChange(false)} />
      </DialogContent>
    </Dialog>
  );
}
