'use client';
import { useMutation } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useRefused } from '@/components/access/access-denied';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Label, Textarea } from '@/components/ui/field';
import type { Plan } from '@/server/agents/schema';
import { addTask, planProblems } from './plan-edits';
import { TaskEditor } from './task-editor';

/** The whole plan as a form. Saving makes a new version with a new quote; nothing runs before it is approved. */
export function PlanEditor({
  projectId,
  baseVersion,
  plan,
  onClose,
  onSaved,
}: {
  projectId: string;
  baseVersion: number;
  plan: Plan;
  onClose: () => void;
  onSaved: () => Promise<void>;
}) {
  const trpc = useTRPC();
  const [draft, setDraft] = useState(plan);
  const [version] = useState(baseVersion);
  const save = useMutation(
    trpc.plan.save.mutationOptions({
      onSuccess: async ({ version: saved }) => {
        await onSaved();
        toast.success(`Saved as version ${saved}, with a new quote.`);
        onClose();
      },
      onError: useRefused({ projectId }),
    }),
  );
  const problems = planProblems(draft);
  return (
    <form
      aria-label="Edit plan"
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (problems.length === 0) save.mutate({ projectId, baseVersion: version, plan: draft });
      }}
    >
      <div>
        <Label htmlFor="plan-summary">Summary</Label>
        <Textarea
          id="plan-summary"
          value={draft.summary}
          maxLength={4000}
          onChange={(event) => setDraft({ ...draft, summary: event.target.value })}
        />
      </div>
      <ol className="space-y-3">
        {draft.tasks.map((task, index) => (
          <li key={task.id}>
            <TaskEditor plan={draft} task={task} index={index} onChange={setDraft} />
          </li>
        ))}
      </ol>
      <Button size="sm" disabled={draft.tasks.length >= 15} onClick={() => setDraft(addTask(draft))}>
        <Plus aria-hidden="true" /> Add task
      </Button>
      {problems.length === 0 ? null : (
        <Callout tone="warning" title="Before it can be saved">
          <ul className="list-disc pl-4">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Callout>
      )}
      <div className="sticky -bottom-4 flex justify-end gap-2 border-t border-border bg-background py-3">
        <Button onClick={onClose}>Discard changes</Button>
        <Button variant="primary" type="submit" disabled={problems.length > 0 || save.isPending || draft === plan}>
          Save plan
        </Button>
      </div>
    </form>
  );
}
