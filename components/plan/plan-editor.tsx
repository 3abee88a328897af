'use client';
import { useMutation } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { toast } from 'sonner';
import { useRefused } from '@/components/access/access-denied';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Label, Textarea } from '@/components/ui/field';
import type { Plan } from '@/server/agents/schema';
import type { PlanDraft } from './plan-draft';
import { addTask, planProblems } from './plan-edits';
import { TaskEditor } from './task-editor';

/**
 * The whole plan as a form. What is typed is kept by `onChange`, so that it survives a reload. Saving makes a new version
 * with a new quote; nothing runs before it is approved.
 */
export function PlanEditor({
  projectId,
  currentVersion,
  current,
  draft,
  onChange,
  onClose,
  onSaved,
}: {
  projectId: string;
  currentVersion: number;
  current: Plan;
  /** Edits so far; null: none yet. */
  draft: PlanDraft | null;
  onChange: (draft: PlanDraft) => void;
  /** Leaves the editor and forgets the edits. */
  onClose: () => void;
  onSaved: () => Promise<void>;
}) {
  const trpc = useTRPC();
  const { version, plan } = draft ?? { version: currentVersion, plan: current };
  const change = (next: Plan) => onChange({ version, plan: next });
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
  const problems = planProblems(plan);
  const isOutdated = version !== currentVersion;
  return (
    <form
      aria-label="Edit plan"
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (problems.length === 0 && !isOutdated) save.mutate({ projectId, baseVersion: version, plan });
      }}
    >
      {isOutdated ? (
        <Callout
          tone="warning"
          title={`You edited version ${version}; the plan is now at version ${currentVersion}`}
          actions={
            <>
              <Button size="sm" onClick={onClose}>
                Discard my edits
              </Button>
              <Button size="sm" onClick={() => onChange({ version: currentVersion, plan })}>
                Keep mine instead
              </Button>
            </>
          }
        >
          Saving your edits replaces version {currentVersion}. Both versions stay in the list of versions.
        </Callout>
      ) : null}
      <div>
        <Label htmlFor="plan-summary">Summary</Label>
        <Textarea
          id="plan-summary"
          value={plan.summary}
          maxLength={4000}
          onChange={(event) => change({ ...plan, summary: event.target.value })}
        />
      </div>
      <ol className="space-y-3">
        {plan.tasks.map((task, index) => (
          <li key={task.id}>
            <TaskEditor plan={plan} task={task} index={index} onChange={change} />
          </li>
        ))}
      </ol>
      <Button size="sm" disabled={plan.tasks.length >= 15} onClick={() => change(addTask(plan))}>
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
      <div className="sticky -bottom-4 flex flex-wrap items-center justify-end gap-2 border-t border-border bg-background py-3">
        {draft === null ? null : (
          <p className="mr-auto text-[0.75rem] text-muted-foreground">
            Kept in this browser until you save or discard.
          </p>
        )}
        <Button onClick={onClose}>Discard changes</Button>
        <Button
          variant="primary"
          type="submit"
          disabled={problems.length > 0 || save.isPending || draft === null || isOutdated}
        >
          Save plan
        </Button>
      </div>
    </form>
  );
}
