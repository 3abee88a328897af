'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Plus, Search } from 'lucide-react';
import Link from 'next/link';
import { useDeferredValue, useState } from 'react';
import { Credits, QuoteRange } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { Input } from '@/components/ui/field';
import { formatRelative } from '@/components/ui/format';
import { Progress } from '@/components/ui/progress';
import { SkeletonRows } from '@/components/ui/skeleton';
import { StatusBadge } from './status-badge';
import { projectStatusLabel } from './status-labels';

type Row = Outputs['projects']['list']['projects'][number];

function ProjectRow({ project }: { project: Row }) {
  return (
    <li className="relative grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1.5 px-4 py-3 hover:bg-accent/60 md:grid-cols-[minmax(0,1fr)_10rem_9rem_10rem]">
      <div className="min-w-0">
        <Link href={`/projects/${project.id}`} className="font-medium after:absolute after:inset-0">
          {project.title}
        </Link>
        <p className="truncate text-[0.8125rem] text-muted-foreground">{project.description}</p>
      </div>
      <div className="max-md:justify-self-end">
        <StatusBadge status={projectStatusLabel(project.status, project.waitsFor)} />
      </div>
      <div className="flex items-center gap-2 text-[0.75rem] text-muted-foreground">
        {project.tasksTotal === 0 ? (
          'no plan yet'
        ) : (
          <>
            <Progress
              className="w-16"
              label={`Tasks done of ${project.title}`}
              value={(project.tasksDone / project.tasksTotal) * 100}
            />
            <span className="tabular-nums">
              {project.tasksDone}/{project.tasksTotal}
              {project.tasksSkipped === 0 ? '' : `, ${project.tasksSkipped} skipped`}
            </span>
          </>
        )}
      </div>
      <div className="num text-[0.75rem] text-muted-foreground">
        <span className="block">
          charged <Credits micro={project.chargedMicro} unit className="text-foreground" />
        </span>
        {project.quoteP90Micro > 0n ? (
          <span className="block">
            quote <QuoteRange p50={project.quoteP50Micro} p90={project.quoteP90Micro} />
          </span>
        ) : null}
        <time suppressHydrationWarning dateTime={project.updatedAt.toISOString()}>
          {formatRelative(project.updatedAt, new Date())}
        </time>
      </div>
    </li>
  );
}

export function ProjectList() {
  const trpc = useTRPC();
  const [text, setText] = useState('');
  const [archived, setArchived] = useState(false);
  const search = useDeferredValue(text.trim());
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    trpc.projects.list.infiniteQueryOptions(
      { archived, ...(search === '' ? {} : { search }) },
      {
        getNextPageParam: (page) => page.nextCursor ?? undefined,
        placeholderData: (old) => old,
        refetchInterval: 15_000,
      },
    ),
  );
  const projects = data?.pages.flatMap((page) => page.projects);
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-center gap-2">
        <div className="relative min-w-52 flex-1">
          <Search aria-hidden="true" className="absolute top-2.5 left-2.5 size-4 text-muted-foreground" />
          <Input
            type="search"
            aria-label="Search projects"
            placeholder="Search projects"
            className="pl-8"
            value={text}
            maxLength={200}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <Button aria-pressed={archived} onClick={() => setArchived(!archived)} className="aria-pressed:bg-accent">
          Archived
        </Button>
      </div>
      {error !== null && projects === undefined ? (
        <ErrorState
          title="Your projects could not be read"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      ) : null}
      {projects === undefined && error === null ? <SkeletonRows label="Loading projects" /> : null}
      {projects?.length === 0 ? (
        search === '' && !archived ? (
          <EmptyState
            title="No project yet"
            action={
              <Button variant="primary" asChild>
                <Link href="/projects/new">
                  <Plus aria-hidden="true" /> Describe your first project
                </Link>
              </Button>
            }
          >
            Describe what you want, or start from an example. You see a plan with a quote before anything is spent on
            building.
          </EmptyState>
        ) : (
          <EmptyState title={archived ? 'Nothing is archived' : `No project matches “${search}”`}>
            {archived ? 'Archive a project from its settings.' : 'Search looks at titles and descriptions.'}
          </EmptyState>
        )
      ) : null}
      {projects !== undefined && projects.length > 0 ? (
        <ul
          aria-label="Projects"
          className="divide-y divide-border overflow-hidden rounded-lg border border-border bg-card"
        >
          {projects.map((project) => (
            <ProjectRow key={project.id} project={project} />
          ))}
        </ul>
      ) : null}
      {hasNextPage ? (
        <div className="text-center">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </div>
  );
}
