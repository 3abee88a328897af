'use client';
import { Download } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useProjectStream } from '@/components/project/project-stream';
import { RefinementPanel } from '@/components/run/refinement-panel';
import type { TaskView } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { RunControls } from './run-controls';
import { UnlockCallout } from './unlock-callout';

/** The decision about a task where the run is shown; elsewhere only that one is wanted, so that the screen stays usable. */
function Decision({ task }: { task: TaskView }) {
  const { projectId } = useProjectStream();
  const pathname = usePathname();
  if (pathname.endsWith('/run')) return <RefinementPanel task={task} />;
  // Wide screens show the run on the overview too.
  const isOverview = pathname === `/projects/${projectId}`;
  return (
    <>
      {isOverview ? (
        <div className="max-xl:hidden">
          <RefinementPanel task={task} />
        </div>
      ) : null}
      <div className={isOverview ? 'xl:hidden' : ''}>
        <Callout
          tone="warning"
          title={`${task.key} waits for your decision`}
          actions={
            <Button size="sm" variant="primary" asChild>
              <Link href={`/projects/${projectId}/run`}>See findings and decide</Link>
            </Button>
          }
        />
      </div>
    </>
  );
}

/** What the project waits for, if it waits for a person. */
export function NextAction() {
  const { projectId, view, connection } = useProjectStream();
  const pathname = usePathname();
  if (view === undefined) return null;
  const { project, actions, unlock } = view;
  const onPlan = pathname.endsWith('/plan');
  const rejected = actions.canRefine
    ? (view.tasks.find((task) => task.status === 'rejected') ?? view.tasks.find((task) => task.status === 'running'))
    : undefined;
  return (
    <div className="space-y-3 empty:hidden">
      {connection === 'lost' ? (
        <Callout tone="warning" title="Connection lost">
          Trying again. Nothing is missed: the run goes on, and the page catches up where it stopped.
        </Callout>
      ) : null}
      {connection === 'refused' ? (
        <Callout tone="warning" title="Changes do not arrive by themselves now">
          The server is busy or has 20 live pages of your account open: close some. This page tries again every 10
          seconds.
        </Callout>
      ) : null}
      {rejected === undefined ? null : <Decision task={rejected} />}
      {unlock === null ? null : <UnlockCallout projectId={projectId} unlock={unlock} />}
      {project.status === 'failed' ? (
        <Callout tone="danger" title="The run failed" actions={<RunControls only="resume" />}>
          {project.statusReason ?? 'No reason was recorded.'} Finished steps are kept.
        </Callout>
      ) : null}
      {project.status === 'paused' && unlock === null ? (
        <Callout tone="info" title="Paused" actions={<RunControls only="resume" />}>
          {project.statusReason ?? 'The run goes on where it stopped when you resume it.'}
        </Callout>
      ) : null}
      {project.statusReason !== null &&
      ['clarifying', 'planning', 'implementing', 'documenting'].includes(project.status) ? (
        <Callout tone="info" title="Waiting">
          {project.statusReason} It goes on by itself.
        </Callout>
      ) : null}
      {actions.canApprove && !onPlan ? (
        <div className="xl:hidden">
          <Callout
            tone="info"
            title="The plan is ready for you"
            actions={
              <Button size="sm" variant="chalk" asChild>
                <Link href={`/projects/${projectId}/plan`}>Review plan and quote</Link>
              </Button>
            }
          />
        </div>
      ) : null}
      {project.status === 'completed' && pathname === `/projects/${projectId}` ? (
        <Callout
          tone="success"
          title="Completed"
          actions={
            <Button size="sm" variant="primary" asChild>
              <a href={`/api/projects/${projectId}/archive`} download>
                <Download aria-hidden="true" /> Download project
              </a>
            </Button>
          }
        >
          The archive holds the files, the plan with its verdicts, and a manifest of the checks that ran on exactly
          these bytes.
        </Callout>
      ) : null}
    </div>
  );
}
