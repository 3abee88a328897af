'use client';
import { PlanPanel } from '@/components/plan/plan-panel';
import { RunTimeline } from '@/components/run/run-timeline';
import { useProjectStream } from './project-stream';

/** Plan and run side by side with the chat: what is current comes first. */
export function Overview() {
  const { view } = useProjectStream();
  const running = view?.run?.kind === 'build' || view?.project.status === 'completed';
  return running ? (
    <>
      <RunTimeline />
      <PlanPanel />
    </>
  ) : (
    <>
      <PlanPanel />
      <RunTimeline />
    </>
  );
}
