'use client';
import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useRefused } from '@/components/access/access-denied';
import { useDraft } from '@/components/drafts/use-draft';
import { useProjectStream } from '@/components/project/project-stream';
import { useTRPC } from '@/components/trpc/provider';
import type { TaskView } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Input, Label, Textarea } from '@/components/ui/field';
import type { RefineChoice } from '@/server/runs/stream/schema';
import { Findings } from './review-card';

/** The run waits for a person: what the reviewer found, and the four ways on. */
export function RefinementPanel({ task }: { task: TaskView }) {
  const { projectId, refresh } = useProjectStream();
  const trpc = useTRPC();
  const id = useId();
  const [note, setNote] = useDraft(`refine:${projectId}:${task.key}`);
  const [edit, setEdit] = useState<{ title: string; why: string; criteria: TaskView['criteria'] } | null>(null);
  const refine = useMutation(
    trpc.runs.refine.mutationOptions({
      onSuccess: () => {
        setNote('');
        return refresh();
      },
      onError: useRefused({ projectId }),
    }),
  );
  const choose = (choice: RefineChoice) => {
    const trimmed = note.trim();
    refine.mutate({
      projectId,
      taskKey: task.key,
      choice,
      ...(trimmed === '' ? {} : { note: trimmed }),
      ...(choice === 'edit' && edit !== null
        ? {
            task: {
              title: edit.title.trim(),
              why: edit.why,
              files: task.files,
              criteria: edit.criteria.map((criterion) => ({
                id: criterion.id,
                text: criterion.text.trim(),
                ...(criterion.check === undefined ? {} : { check: criterion.check }),
              })),
            },
          }
        : {}),
    });
  };
  const incomplete =
    edit !== null && (edit.title.trim() === '' || edit.criteria.some(({ text }) => text.trim() === ''));
  return (
    <Callout
      tone="warning"
      title={`${task.key} was not approved after ${task.attempts} ${task.attempts === 1 ? 'attempt' : 'attempts'}`}
    >
      <div className="space-y-3">
        <p>You have paid nothing for the rejected attempts. Decide how the run goes on.</p>
        {task.findings.length === 0 ? null : (
          <div className="rounded-md border border-border bg-card p-2.5">
            <Findings projectId={projectId} findings={task.findings} />
          </div>
        )}
        {edit === null ? (
          <div>
            <Label htmlFor={`${id}-note`}>Note for the next attempt (optional)</Label>
            <Textarea
              id={`${id}-note`}
              className="min-h-14"
              value={note}
              maxLength={4000}
              onChange={(event) => setNote(event.target.value)}
            />
          </div>
        ) : (
          <div className="space-y-2 rounded-md border border-border bg-card p-2.5">
            <div>
              <Label htmlFor={`${id}-title`}>Title</Label>
              <Input
                id={`${id}-title`}
                value={edit.title}
                maxLength={200}
                onChange={(event) => setEdit({ ...edit, title: event.target.value })}
              />
            </div>
            <div>
              <Label htmlFor={`${id}-why`}>Why</Label>
              <Textarea
                id={`${id}-why`}
                className="min-h-14"
                value={edit.why}
                maxLength={2000}
                onChange={(event) => setEdit({ ...edit, why: event.target.value })}
              />
            </div>
            {edit.criteria.map((criterion) => (
              <div key={criterion.id}>
                <Label htmlFor={`${id}-${criterion.id}`}>Criterion {criterion.id}</Label>
                <Textarea
                  id={`${id}-${criterion.id}`}
                  className="min-h-12"
                  value={criterion.text}
                  maxLength={1000}
                  onChange={(event) =>
                    setEdit({
                      ...edit,
                      criteria: edit.criteria.map((old) =>
                        old.id === criterion.id ? { ...old, text: event.target.value } : old,
                      ),
                    })
                  }
                />
              </div>
            ))}
          </div>
        )}
        <div className="flex flex-wrap gap-2">
          {edit === null ? (
            <>
              <Button size="sm" variant="primary" disabled={refine.isPending} onClick={() => choose('retry')}>
                Retry
              </Button>
              <Button
                size="sm"
                disabled={refine.isPending}
                onClick={() => setEdit({ title: task.title, why: task.why, criteria: task.criteria })}
              >
                Edit task
              </Button>
              <Button size="sm" disabled={refine.isPending} onClick={() => choose('skip')}>
                Skip task
              </Button>
              <Button size="sm" disabled={refine.isPending} onClick={() => choose('accept')}>
                Accept as it is
              </Button>
            </>
          ) : (
            <>
              <Button
                size="sm"
                variant="primary"
                disabled={refine.isPending || incomplete}
                onClick={() => choose('edit')}
              >
                Save task and retry
              </Button>
              <Button size="sm" onClick={() => setEdit(null)}>
                Cancel
              </Button>
            </>
          )}
        </div>
        <p className="text-[0.75rem] text-muted-foreground">
          Accepting and skipping cost nothing. Accepting takes the last attempt&apos;s files as they stand; skipping
          leaves the task out.
        </p>
      </div>
    </Callout>
  );
}
