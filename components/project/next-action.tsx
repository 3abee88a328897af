'use client';
import { Download } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useProjectStream } from '@/components/project/project-stream';
import { RefinementPanel } from '@/components/run/refinement-panel';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { RunControls } from './run-controls';

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
          Trying again. Nothing is missed: the page catches up where it stopped, and the run goes on meanwhile.
        </Callout>
      ) : null}
      {rejected === undefined ? null : <RefinementPanel task={rejected} />}
      {unlock === null ? null : (
        <Callout
          tone="warning"
          title={unlock.kind === 'credits' ? 'Paused: out of credits' : 'Paused: the budget is reached'}
          actions={
            <>
              <RunControls only="resume" />
              <Button size="sm" asChild>
                <Link href={unlock.kind === 'credits' ? '/credits' : `/projects/${projectId}/settings`}>
                  {unlock.kind === 'credits' ? 'See credits' : 'Change the budget'}
                </Link>
              </Button>
            </>
          }
        >
          {unlock.text} No finished step is lost, and nothing is cut in the middle of a file.
        </Callout>
      )}
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
