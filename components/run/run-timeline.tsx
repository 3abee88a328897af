'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Check, LoaderCircle, X } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { PlumbMark } from '@/components/brand/plumb-mark';
import { Charged, Credits, QuoteRange } from '@/components/credits/credits';
import { useProjectStream } from '@/components/project/project-stream';
import { StatusBadge } from '@/components/projects/status-badge';
import { taskStatusLabel } from '@/components/projects/status-labels';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { TaskView, Timeline, TimelineCheck, TimelineReview, TimelineStep } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Section } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { formatDuration } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useKeptScroll } from '@/components/ui/use-kept-scroll';
import { CheckRow } from './check-row';
import { ReviewCard } from './review-card';
import { groupTimeline, stepName, type TimelineGroup } from './timeline-groups';

const STEP: Record<string, string> = {
  clarify: 'Clarify',
  spec: 'Write the spec',
  plan: 'Write the plan',
  approve: 'Approval',
  implement: 'Implement',
  apply: 'Apply edits',
  check: 'Run checks',
  review: 'Review',
  document: 'Write the README',
  'final-check': 'Final check',
  complete: 'Complete',
};

function StepIcon({ status }: { status: string }) {
  if (status === 'done') return <Check role="img" aria-label="done" className="size-3.5 text-success" />;
  if (status === 'failed') return <X role="img" aria-label="failed" className="size-3.5 text-danger" />;
  return <LoaderCircle role="img" aria-label="running" className="size-3.5 animate-spin text-chalk" />;
}

function StepRow({ step }: { step: TimelineStep }) {
  const name = stepName(step.step);
  return (
    <li className="grid grid-cols-[1rem_minmax(0,1fr)_auto] items-baseline gap-x-2 py-1 text-[0.8125rem]">
      <span className="self-center">
        <StepIcon status={step.status} />
      </span>
      <span className="min-w-0">
        {STEP[name] ?? name}
        {step.modelLabel === null ? null : <span className="text-muted-foreground"> · {step.modelLabel}</span>}
        {step.finishedAt === null ? null : (
          <span className="whitespace-nowrap text-muted-foreground">
            {' '}
            · {formatDuration(step.finishedAt.getTime() - step.startedAt.getTime())}
          </span>
        )}
      </span>
      <span className="num">
        {step.chargedMicro > 0n ? <Credits micro={step.chargedMicro} unit /> : null}
        {step.chargedMicro === 0n && step.absorbedMicro === 0n && step.quotedMicro !== null && step.quotedMicro > 0n ? (
          <span className="text-muted-foreground">
            held at most <Credits micro={step.quotedMicro} />
          </span>
        ) : null}
        {step.absorbedMicro > 0n ? (
          <span className="text-muted-foreground">
            {step.chargedMicro > 0n ? ' · ' : ''}absorbed <Credits micro={step.absorbedMicro} />
          </span>
        ) : null}
        {step.balanceMicro === null ? null : (
          <span className="text-muted-foreground max-sm:block">
            {step.chargedMicro > 0n || step.absorbedMicro > 0n ? <span className="max-sm:hidden"> · </span> : null}
            <Credits micro={step.balanceMicro} /> left
          </span>
        )}
      </span>
      {step.note === null ? null : <span className="col-start-2 col-end-4 text-muted-foreground">{step.note}</span>}
      {step.errorMessage === null ? null : (
        <span className="col-start-2 col-end-4 text-danger">{step.errorMessage}</span>
      )}
    </li>
  );
}

type Group = TimelineGroup<TimelineStep, TimelineCheck, TimelineReview>;

function GroupView({
  projectId,
  group,
  task,
  projectStatus,
  live,
}: {
  projectId: string;
  group: Group;
  task: TaskView | undefined;
  projectStatus: string;
  live: boolean;
}) {
  return (
    <li className="relative pb-5 pl-7 last:pb-0">
      {/* The plumb line: work already done hangs on it, the bob is where the run is now. */}
      <span aria-hidden="true" className="absolute top-0 bottom-0 left-[0.5625rem] w-px bg-border" />
      {live ? (
        <PlumbMark swing className="absolute top-0 left-0.5 h-7 w-4 bg-background text-chalk" />
      ) : (
        <span
          aria-hidden="true"
          className="absolute top-1.5 left-[0.3125rem] size-2.5 rotate-45 border border-muted-foreground bg-background"
        />
      )}
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        {group.isTask ? <span className="font-mono text-[0.75rem] text-muted-foreground">{group.key}</span> : null}
        <h3 className="min-w-0 flex-1 basis-36 text-[0.875rem] font-medium">{task?.title ?? group.title}</h3>
        {task === undefined ? null : <StatusBadge status={taskStatusLabel(task.status, projectStatus)} />}
      </div>
      {task === undefined ? null : (
        <p className="mt-0.5 flex flex-wrap gap-x-3 text-[0.75rem] text-muted-foreground">
          <span>
            quote <QuoteRange p50={task.quoteP50Micro} p90={task.quoteP90Micro} />
          </span>
          {/* Until the verdict nothing is charged for good. */}
          {task.status === 'pending' || task.status === 'running' ? null : (
            <span className="text-foreground">
              charged <Credits micro={task.chargedMicro} unit />
            </span>
          )}
          {task.absorbedMicro > 0n ? (
            <span>
              absorbed rework <Credits micro={task.absorbedMicro} unit />
            </span>
          ) : null}
        </p>
      )}
      {group.attempts.map((attempt, index) => {
        const isLast = index === group.attempts.length - 1;
        return (
          <div key={attempt.attempt} className="mt-2">
            {group.isTask && group.attempts.length > 1 ? (
              <p className="lettering text-muted-foreground">
                Attempt {attempt.attempt}
                {isLast ? '' : ' · not charged'}
              </p>
            ) : null}
            <ol>
              {attempt.steps.map((step) => (
                <StepRow key={step.id} step={step} />
              ))}
            </ol>
            <div className="mt-1 space-y-1.5">
              {attempt.checks.map((check) => (
                <CheckRow key={check.id} check={check} />
              ))}
              {attempt.reviews.map((review) => (
                <ReviewCard key={`${review.taskKey}-${review.attempt}`} projectId={projectId} review={review} />
              ))}
            </div>
          </div>
        );
      })}
    </li>
  );
}

/** Pages come newest first; the steps of each are in order. */
function joinPages(pages: readonly Timeline[]) {
  const inOrder = pages.toReversed();
  return {
    steps: inOrder.flatMap(({ steps }) => steps),
    checks: inOrder.flatMap(({ checks }) => checks),
    reviews: inOrder.flatMap(({ reviews }) => reviews),
  };
}

/** Everything the run did and does, step by step, with what it cost. */
export function RunTimeline() {
  const { projectId, view } = useProjectStream();
  const trpc = useTRPC();
  const {
    data: read,
    error,
    refetch,
    hasNextPage,
    fetchNextPage,
    isFetchingNextPage,
  } = useInfiniteQuery(
    trpc.runs.timeline.infiniteQueryOptions(
      { projectId },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  );
  const data = useMemo(() => (read === undefined ? undefined : joinPages(read.pages)), [read]);
  const list = useRef<HTMLOListElement>(null);
  const keepScroll = useKeptScroll(list, read?.pages.length);
  const groups = data === undefined ? [] : groupTimeline(data.steps, data.checks, data.reviews);
  const runs = view?.run?.status === 'running' || view?.run?.status === 'queued';
  const liveKey = runs ? (data?.steps.findLast((step) => step.status === 'running') ?? data?.steps.at(-1)) : undefined;
  const isLive = (group: Group) =>
    liveKey !== undefined && group.attempts.some((attempt) => attempt.steps.includes(liveKey));
  return (
    <Section
      title="Run"
      titleId="run-title"
      aside={
        view === undefined ? null : (
          <p className="text-[0.8125rem] text-muted-foreground">
            <Charged totals={view.totals} />
          </p>
        )
      }
    >
      {error !== null && data === undefined ? (
        <ErrorState title="The run could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
      ) : null}
      {data === undefined && error === null ? (
        // What follows begins below the window: a timeline is tall, and would push it away.
        <div className="min-h-dvh">
          <SkeletonRows label="Loading the run" rows={3} />
        </div>
      ) : null}
      {data !== undefined && groups.length === 0 ? (
        <EmptyState title="Nothing has run yet">
          Each step appears here with its cost, its checks and its verdict.
        </EmptyState>
      ) : null}
      {hasNextPage ? (
        <div className="mb-4 text-center">
          <Button
            size="sm"
            disabled={isFetchingNextPage}
            onClick={() => {
              keepScroll();
              void fetchNextPage();
            }}
          >
            Show earlier steps
          </Button>
        </div>
      ) : null}
      <ol ref={list} aria-label="Steps of the run">
        {groups.map((group) => (
          <GroupView
            key={group.key}
            projectId={projectId}
            group={group}
            task={view?.tasks.find((task) => task.key === group.key)}
            projectStatus={view?.project.status ?? ''}
            live={isLive(group)}
          />
        ))}
      </ol>
    </Section>
  );
}
