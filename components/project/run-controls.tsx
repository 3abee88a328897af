'use client';
import { useMutation } from '@tanstack/react-query';
import { Pause, Play, Square } from 'lucide-react';
import { useRefused } from '@/components/access/access-denied';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { useProjectStream } from './project-stream';

/**
 * Stop, pause and resume: what the run allows now. Closing the page is none of them. `waits`: something is missing that
 * another button leads to; resume stays possible, and says what is missing.
 */
export function RunControls({ only, waits = false }: { only?: 'resume'; waits?: boolean }) {
  const { projectId, view, refresh } = useProjectStream();
  const trpc = useTRPC();
  const outcome = { onSuccess: refresh, onError: useRefused({ projectId }) };
  const stop = useMutation(trpc.runs.stop.mutationOptions(outcome));
  const pause = useMutation(trpc.runs.pause.mutationOptions(outcome));
  const resume = useMutation(trpc.runs.resume.mutationOptions(outcome));
  if (view === undefined) return null;
  const { canStop, canPause, canResume } = view.actions;
  const busy = stop.isPending || pause.isPending || resume.isPending;
  return (
    <>
      {canResume ? (
        <Button
          size="sm"
          variant={waits ? 'outline' : 'primary'}
          disabled={busy}
          onClick={() => resume.mutate({ projectId })}
        >
          <Play aria-hidden="true" /> Resume
        </Button>
      ) : null}
      {canPause && only === undefined ? (
        <Button size="sm" disabled={busy} onClick={() => pause.mutate({ projectId })}>
          <Pause aria-hidden="true" /> Pause
        </Button>
      ) : null}
      {canStop && only === undefined ? (
        <Button size="sm" variant="danger" disabled={busy} onClick={() => stop.mutate({ projectId })}>
          <Square aria-hidden="true" /> Stop
        </Button>
      ) : null}
    </>
  );
}
