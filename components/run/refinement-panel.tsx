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
import { beginTaskEdit, finishTaskEdit, readTaskEdit, type TaskEdit, writeTaskEdit } from './task-edit';

/** Title, reason and criteria of a task that is edited. */
function TaskFields({ edit, onChange }: { edit: TaskEdit; onChange: (edit: TaskEdit) => void }) {
  const id = useId();
  return (
    <div className="space-y-2 rounded-md border border-border bg-card p-2.5">
      <div>
        <Label htmlFor={`${id}-title`}>Title</Label>
        <Input
          id={`${id}-title`}
          value={edit.title}
          maxLength={200}
          onChange={(event) => onChange({ ...edit, title: event.target.value })}
        />
      </div>
      <div>
        <Label htmlFor={`${id}-why`}>Why</Label>
        <Textarea
          id={`${id}-why`}
          className="min-h-14"
          value={edit.why}
          maxLength={2000}
          onChange={(event) => onChange({ ...edit, why: event.target.value })}
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
              onChange({
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
  );
}

/** The run waits for a person: what the reviewer found, and the four ways on. */
export function RefinementPanel({ task }: { task: TaskView }) {
  const { projectId, refresh } = useProjectStream();
  const trpc = useTRPC();
  const id = useId();
  const [note, setNote] = useDraft(`refine:${projectId}:${task.key}`);
  // A later rejection has edits of its own.
  const [kept, keep] = useDraft(`refine-edit:${projectId}:${task.key}:${task.attempts}`);
  const [opened, setOpened] = useState<TaskEdit | null>(null);
  const edit = opened ?? readTaskEdit(kept);
  const finished = edit === null ? null : finishTaskEdit(edit);
  const change = (next: TaskEdit) => {
    setOpened(next);
    keep(writeTaskEdit(next, task));
  };
  const forget = () => {
    setOpened(null);
    keep('');
  };
  const refine = useMutation(
    trpc.runs.refine.mutationOptions({
      onSuccess: () => {
        setNote('');
        forget();
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
      ...(choice === 'edit' && finished !== null ? { task: { ...finished, files: task.files } } : {}),
    });
  };
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
          <TaskFields edit={edit} onChange={change} />
        )}
        <div className="sticky bottom-0 flex flex-wrap gap-2 bg-warning-soft py-1">
          {edit === null ? (
            <>
              <Button size="sm" variant="primary" disabled={refine.isPending} onClick={() => choose('retry')}>
                Retry
              </Button>
              <Button size="sm" disabled={refine.isPending} onClick={() => change(beginTaskEdit(task))}>
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
                disabled={refine.isPending || finished === null}
                onClick={() => choose('edit')}
              >
                Save task and retry
              </Button>
              <Button size="sm" onClick={forget}>
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
