'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Section } from '@/components/ui/card';
import { Cell, DataTable } from '@/components/ui/data-table';
import { ErrorState } from '@/components/ui/error-state';
import { formatDateTime, formatDuration, formatRelative } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { describeResult } from './amounts';

type Job = Outputs['operator']['jobs'][number];

/** Milliseconds between two looks: idle, and while a run that was asked for has not been seen. */
const LOOK_MS = 15_000;
const SOON_MS = 1_000;

const COLUMNS = [
  { name: 'Job' },
  { name: 'Last run', wide: true },
  { name: 'Result', wide: true },
  { name: 'Next run', wide: true },
  { name: 'Action' },
];

/** When a job last did anything: ended, or failed. */
function lastSeen({ lastFinishedAt, lastErrorAt }: Job): number {
  return Math.max(lastFinishedAt?.getTime() ?? 0, lastErrorAt?.getTime() ?? 0);
}

/** Scheduled jobs: last run, next run, last error, and a run at once. */
export function Jobs() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  /** Jobs asked to run, with what was seen of them before. */
  const [asked, setAsked] = useState<Record<string, number>>({});
  const waits = (job: Job) => asked[job.name] !== undefined && lastSeen(job) <= (asked[job.name] ?? 0);
  const {
    data: jobs,
    error,
    refetch,
  } = useQuery(
    trpc.operator.jobs.queryOptions(undefined, {
      refetchInterval: ({ state }) => (state.data?.some(waits) === true ? SOON_MS : LOOK_MS),
    }),
  );
  const run = useMutation(
    trpc.operator.runJob.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.operator.jobs.pathFilter()),
      onError: (failure, { name }) => {
        setAsked(({ [name]: _, ...rest }) => rest);
        toast.error(errorMessage(failure));
      },
    }),
  );
  return (
    <Section title="Scheduled jobs" titleId="jobs-title">
      {error !== null && jobs === undefined ? (
        <ErrorState title="The jobs could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
      ) : null}
      {jobs === undefined && error === null ? <SkeletonRows rows={5} label="Loading the jobs" /> : null}
      {jobs === undefined ? null : (
        <DataTable label="Scheduled jobs" columns={COLUMNS}>
          {jobs.map((job) => (
            <Row
              key={job.name}
              job={job}
              waits={waits(job)}
              onRun={() => {
                setAsked({ ...asked, [job.name]: lastSeen(job) });
                run.mutate({ name: job.name });
              }}
            />
          ))}
        </DataTable>
      )}
    </Section>
  );
}

function Row({ job, waits, onRun }: { job: Job; waits: boolean; onRun: () => void }) {
  return (
    <tr>
      <Cell className="min-w-40">
        <span className="font-medium">{job.title}</span>
        <span className="block font-mono text-[0.75rem] text-muted-foreground">
          {job.name} · {job.cron}
        </span>
        <dl className="mt-1 space-y-1 text-[0.75rem] sm:hidden">
          <div>
            <dt className="inline text-muted-foreground">Last run </dt>
            <dd className="inline">
              <LastRun job={job} />
            </dd>
          </div>
          <div>
            <dt className="inline text-muted-foreground">Result </dt>
            <dd className="inline">
              <Result job={job} />
            </dd>
          </div>
          <div>
            <dt className="inline text-muted-foreground">Next run </dt>
            <dd className="inline">{formatDateTime(job.nextRunAt)}</dd>
          </div>
        </dl>
      </Cell>
      <Cell wide>
        <LastRun job={job} />
      </Cell>
      <Cell wide className="max-w-80">
        <Result job={job} />
      </Cell>
      <Cell wide className="whitespace-nowrap">
        <time dateTime={job.nextRunAt.toISOString()}>{formatDateTime(job.nextRunAt)}</time>
      </Cell>
      <Cell>
        <Button size="sm" disabled={waits} aria-label={`Run ${job.name} now`} onClick={onRun}>
          {waits ? 'Running…' : 'Run now'}
        </Button>
      </Cell>
    </tr>
  );
}

function LastRun({ job }: { job: Job }) {
  const { lastStartedAt, lastFinishedAt } = job;
  if (lastStartedAt === null) return <span className="text-muted-foreground">never yet</span>;
  const took =
    lastFinishedAt !== null && lastFinishedAt >= lastStartedAt
      ? formatDuration(lastFinishedAt.getTime() - lastStartedAt.getTime())
      : null;
  return (
    <>
      <time
        suppressHydrationWarning
        dateTime={lastStartedAt.toISOString()}
        title={`${formatDateTime(lastStartedAt)} UTC`}
      >
        {formatRelative(lastStartedAt, new Date())}
      </time>
      {took === null ? null : <span className="text-muted-foreground"> · took {took}</span>}
    </>
  );
}

function Result({ job }: { job: Job }) {
  const { failures, lastError, lastErrorAt, lastResult, lastFinishedAt } = job;
  const when = lastErrorAt === null ? '' : ` (${formatDateTime(lastErrorAt)})`;
  return (
    <>
      {failures > 0 ? (
        <Badge tone="danger">{failures === 1 ? 'failed' : `failed ${failures} times in a row`}</Badge>
      ) : lastFinishedAt === null ? (
        <span className="text-muted-foreground">none yet</span>
      ) : (
        <>
          <Badge tone="success">ok</Badge> <span className="text-muted-foreground">{describeResult(lastResult)}</span>
        </>
      )}
      {lastError === null ? null : (
        <span className="mt-0.5 block break-words text-[0.75rem] text-muted-foreground">
          {failures > 0 ? '' : 'Last error: '}
          {lastError}
          {when}
        </span>
      )}
    </>
  );
}
