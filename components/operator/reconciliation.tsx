'use client';
import { useQuery } from '@tanstack/react-query';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Section } from '@/components/ui/card';
import { Cell, DataTable } from '@/components/ui/data-table';
import { ErrorState } from '@/components/ui/error-state';
import { formatDateTime, plural } from '@/components/ui/format';
import { Skeleton } from '@/components/ui/skeleton';

type Difference = Outputs['operator']['audit']['differences'][number];

const COLUMNS = [{ name: 'Organization' }, { name: 'Broken rule' }, { name: 'Detail' }];

/** Whether every micro-credit is accounted for: recomputed from the ledger's rows when asked, and hourly by a job. */
export function Reconciliation() {
  const trpc = useTRPC();
  // Heavy for many organizations: only when somebody asks.
  const audit = useQuery(
    trpc.operator.audit.queryOptions(undefined, { enabled: false, staleTime: Number.POSITIVE_INFINITY }),
  );
  const { data: jobs } = useQuery(trpc.operator.jobs.queryOptions());
  const job = jobs?.find(({ name }) => name === 'ledger.reconcile');
  return (
    <Section
      title="Reconciliation"
      titleId="reconciliation-title"
      aside={
        <Button size="sm" disabled={audit.isFetching} onClick={() => void audit.refetch()}>
          {audit.isFetching ? 'Recomputing…' : 'Run the audit now'}
        </Button>
      }
    >
      <div aria-live="polite">
        {audit.isFetching ? (
          <Skeleton className="h-16" />
        ) : audit.error === null ? (
          <Outcome
            differences={audit.data?.differences}
            at={audit.data === undefined ? (job?.lastFinishedAt ?? null) : new Date(audit.dataUpdatedAt)}
            jobError={job !== undefined && job.failures > 0 ? job.lastError : null}
          />
        ) : (
          <ErrorState
            title="The audit could not be run"
            message={errorMessage(audit.error)}
            onRetry={() => void audit.refetch()}
          />
        )}
      </div>
    </Section>
  );
}

/** The audit's answer; before one was asked for, the hourly job's. */
function Outcome({
  differences,
  at,
  jobError,
}: {
  differences: readonly Difference[] | undefined;
  at: Date | null;
  jobError: string | null;
}) {
  const when = at === null ? '' : ` ${formatDateTime(at)} UTC`;
  if (differences === undefined) {
    if (jobError !== null)
      return (
        <Callout tone="danger" title="The hourly job reports differences">
          <span className="break-words">{jobError}</span>
        </Callout>
      );
    return at === null ? (
      <Callout tone="info" title="Not checked yet">
        The job runs every hour; the button checks now.
      </Callout>
    ) : (
      <Clean note={`The hourly job found no difference,${when}.`} />
    );
  }
  if (differences.length === 0) return <Clean note={`No difference in any organization,${when}.`} />;
  return (
    <div className="space-y-2">
      <Callout tone="danger" title={`${plural(differences.length, 'difference')},${when}`}>
        The ledger does not add up. Nothing was changed by looking.
      </Callout>
      <DataTable label="Differences" columns={COLUMNS}>
        {differences.map(({ organizationId, rule, detail }) => (
          <tr key={`${organizationId} ${rule} ${detail}`}>
            <Cell className="font-mono text-[0.75rem] break-all">{organizationId}</Cell>
            <Cell>{rule}</Cell>
            <Cell className="break-all">{detail}</Cell>
          </tr>
        ))}
      </DataTable>
    </div>
  );
}

function Clean({ note }: { note: string }) {
  return (
    <Callout tone="success" title="Every micro-credit is accounted for">
      {note}
    </Callout>
  );
}
