'use client';
import { Download, FlaskConical } from 'lucide-react';
import { usePathname, useRouter } from 'next/navigation';
import { type ReactNode, useEffect, useRef } from 'react';
import { ChatPanel } from '@/components/chat/chat-panel';
import { Charged, QuoteRange } from '@/components/credits/credits';
import { StatusBadge } from '@/components/projects/status-badge';
import { projectStatusLabel } from '@/components/projects/status-labels';
import { errorMessage, isNotFound } from '@/components/trpc/error-message';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { ErrorState } from '@/components/ui/error-state';
import { Progress } from '@/components/ui/progress';
import { ScrollRegion } from '@/components/ui/scroll-region';
import { Skeleton } from '@/components/ui/skeleton';
import { NextAction } from './next-action';
import { NoSuchProject } from './no-such-project';
import { ProjectStreamProvider, useProjectStream } from './project-stream';
import { ProjectTabs } from './project-tabs';
import { RunControls } from './run-controls';

/** The window's title was written by the server: a project that gets another name has it written again. */
function useNamedWindow(title: string | undefined): void {
  const router = useRouter();
  const written = useRef(title);
  useEffect(() => {
    if (title === undefined || title === written.current) return;
    if (written.current !== undefined) router.refresh();
    written.current = title;
  }, [title, router]);
}

function ProjectBar() {
  const { projectId, view } = useProjectStream();
  useNamedWindow(view?.project.title);
  if (view === undefined) return <Skeleton className="m-3 h-9" />;
  const { project, tasks, totals, quote } = view;
  const done = tasks.filter(({ status }) => status === 'approved' || status === 'accepted').length;
  const skipped = tasks.filter(({ status }) => status === 'skipped').length;
  const waits = project.status === 'paused' || project.status === 'failed' || view.unlock !== null;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5">
      <h1 className="min-w-0 max-w-full truncate text-base font-semibold">{project.title}</h1>
      <span role="status" className="inline-flex items-center gap-2">
        <StatusBadge status={projectStatusLabel(project.status, view.unlock?.kind ?? null)} />
      </span>
      {project.modelRef?.startsWith('demo:') === true ? (
        <Badge tone="brass">
          <FlaskConical aria-hidden="true" /> demo model
        </Badge>
      ) : null}
      {tasks.length > 0 ? (
        <span className="flex items-center gap-2 text-[0.75rem] text-muted-foreground max-sm:order-1">
          <Progress className="w-20" label="Tasks done" value={(done / tasks.length) * 100} />
          <span className="tabular-nums">
            {done}/{tasks.length} tasks{skipped === 0 ? '' : `, ${skipped} skipped`}
          </span>
        </span>
      ) : null}
      {quote.p90Micro > 0n ? (
        <span className="text-[0.75rem] text-muted-foreground max-sm:order-1">
          quote <QuoteRange p50={quote.p50Micro} p90={quote.p90Micro} /> · <Charged totals={totals} />
        </span>
      ) : null}
      <div className="ml-auto flex items-center gap-2">
        {waits ? null : <RunControls />}
        {project.headSnapshotId === null ? null : (
          <Button size="sm" asChild>
            <a href={`/api/projects/${projectId}/archive`} download>
              <Download aria-hidden="true" /> ZIP
            </a>
          </Button>
        )}
      </div>
    </div>
  );
}

function Body({ children }: { children: ReactNode }) {
  const { projectId, view, error } = useProjectStream();
  const isOverview = usePathname() === `/projects/${projectId}`;
  if (view === undefined && error !== null) {
    return (
      <main id="content" className="mx-auto w-full max-w-2xl p-6">
        {isNotFound(error) ? (
          <NoSuchProject />
        ) : (
          <ErrorState
            title="The project could not be read"
            message={errorMessage(error)}
            onRetry={() => window.location.reload()}
          />
        )}
      </main>
    );
  }
  return (
    <main
      id="content"
      className="flex min-h-0 flex-1 flex-col max-sm:pb-14 xl:grid xl:grid-cols-[minmax(22rem,27rem)_minmax(0,1fr)] xl:grid-rows-[auto_auto_auto_minmax(0,1fr)]"
    >
      <div className="border-border xl:col-span-2 xl:border-b">
        <ProjectBar />
      </div>
      <div className="xl:col-start-2 xl:row-start-2">
        <ProjectTabs projectId={projectId} />
      </div>
      <div className="max-h-[72dvh] xl:max-h-[48dvh] shrink-0 overflow-y-auto px-4 py-3 has-[>div:empty]:hidden xl:pb-0 xl:col-start-2 xl:row-start-3">
        <NextAction />
      </div>
      {/* One chat only: docked on a wide screen, the first tab on a narrow one. */}
      <div
        className={cn(
          'min-h-0 min-w-0 flex-1 flex-col border-border xl:col-start-1 xl:row-span-3 xl:row-start-2 xl:flex xl:border-r',
          isOverview ? 'flex' : 'hidden',
        )}
      >
        <ChatPanel />
      </div>
      <ScrollRegion
        label="Work"
        className={cn(
          'min-h-0 min-w-0 flex-1 overflow-y-auto px-4 py-4 outline-offset-[-2px] xl:col-start-2 xl:row-start-4 xl:block',
          isOverview && 'hidden',
        )}
      >
        <div className="mx-auto max-w-5xl space-y-6">{children}</div>
      </ScrollRegion>
    </main>
  );
}

/** The project's screens share one live view, one chat and one bar. */
export function ProjectFrame({ projectId, children }: { projectId: string; children: ReactNode }) {
  return (
    <ProjectStreamProvider projectId={projectId}>
      {/* What header and notice leave of the window: the frame itself never scrolls. */}
      <div className="flex min-h-0 grow basis-0 flex-col">
        <Body>{children}</Body>
      </div>
    </ProjectStreamProvider>
  );
}
