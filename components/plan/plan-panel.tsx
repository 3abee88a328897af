'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { FileText, Pencil, RotateCcw } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useRefused } from '@/components/access/access-denied';
import { Markdown } from '@/components/chat/markdown';
import { Charged, QuoteRange } from '@/components/credits/credits';
import { useDraft } from '@/components/drafts/use-draft';
import { useProjectStream } from '@/components/project/project-stream';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Section } from '@/components/ui/card';
import { Dialog, DialogContent, DialogTrigger } from '@/components/ui/dialog';
import { EmptyState } from '@/components/ui/empty-state';
import { Label, Textarea } from '@/components/ui/field';
import { formatDateTime, plural } from '@/components/ui/format';
import { Skeleton } from '@/components/ui/skeleton';
import { ApproveBar } from './approve-bar';
import { readPlanDraft, writePlanDraft } from './plan-draft';
import { PlanEditor } from './plan-editor';
import { TaskCard } from './task-card';

function Versions() {
  const { projectId, view } = useProjectStream();
  const trpc = useTRPC();
  const { data } = useQuery(trpc.plan.versions.queryOptions({ projectId }));
  return (
    <ul className="divide-y divide-border">
      {data?.map((row) => (
        <li key={row.version} className="flex flex-wrap justify-between gap-2 py-2 text-[0.8125rem]">
          <span>
            Version {row.version} {row.version === view?.planVersion ? <Badge>current</Badge> : null}{' '}
            {row.approvedAt === null ? null : <Badge tone="success">approved</Badge>}
          </span>
          <span className="text-muted-foreground">
            {row.by} · {formatDateTime(row.createdAt)}
          </span>
        </li>
      ))}
      {data === undefined ? <Skeleton className="h-10" /> : null}
    </ul>
  );
}

function Replan() {
  const { projectId, refresh } = useProjectStream();
  const trpc = useTRPC();
  const [open, setOpen] = useState(false);
  const [note, setNote] = useDraft(`replan:${projectId}`);
  const replan = useMutation(
    trpc.plan.replan.mutationOptions({
      onSuccess: async () => {
        setOpen(false);
        setNote('');
        await refresh();
      },
      onError: useRefused({ projectId }),
    }),
  );
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <Button size="sm">
          <RotateCcw aria-hidden="true" /> Ask for a change
        </Button>
      </DialogTrigger>
      <DialogContent
        title="Ask the architect for a change"
        description="It writes a new version of the plan with a new quote. Nothing runs before you approve it."
      >
        <form
          className="space-y-3"
          onSubmit={(event) => {
            event.preventDefault();
            if (note.trim() !== '') replan.mutate({ projectId, note: note.trim() });
          }}
        >
          <div>
            <Label htmlFor="replan-note">What should be different?</Label>
            <Textarea
              id="replan-note"
              value={note}
              maxLength={4000}
              onChange={(event) => setNote(event.target.value)}
            />
          </div>
          <div className="flex justify-end">
            <Button type="submit" variant="primary" disabled={note.trim() === '' || replan.isPending}>
              Plan again
            </Button>
          </div>
        </form>
      </DialogContent>
    </Dialog>
  );
}

/** Spec, tasks with criteria and quotes, edits, and the approval. */
export function PlanPanel() {
  const { projectId, view, refresh } = useProjectStream();
  const [opened, setOpened] = useState(false);
  const [kept, keep] = useDraft(`plan:${projectId}`);
  const draft = useMemo(() => readPlanDraft(kept), [kept]);
  if (view === undefined) return <Skeleton className="h-64" />;
  const { plan, actions } = view;
  // Edits that were kept open the editor where they can still be saved.
  const editing = actions.canEditPlan && (opened || draft !== null);
  if (plan === null) {
    return (
      <Section title="Plan" titleId="plan-title">
        <EmptyState title="No plan yet">
          {view.actions.canAnswer
            ? 'Answer or skip the questions in the chat; the architect then writes the spec and the plan.'
            : 'The architect writes the spec and the plan here, task by task, each with its quote.'}
        </EmptyState>
      </Section>
    );
  }
  return (
    <Section
      title="Plan"
      titleId="plan-title"
      aside={
        editing ? null : (
          <div className="flex flex-wrap items-center gap-2">
            <Dialog>
              <DialogTrigger asChild>
                <Button size="sm" variant="ghost">
                  v{view.planVersion}
                  {view.planApprovedAt === null ? '' : ', approved'}
                  <span className="sr-only">: all versions</span>
                </Button>
              </DialogTrigger>
              <DialogContent title="Versions of the plan">
                <Versions />
              </DialogContent>
            </Dialog>
            {view.spec === null ? null : (
              <Dialog>
                <DialogTrigger asChild>
                  <Button size="sm">
                    <FileText aria-hidden="true" /> Spec
                  </Button>
                </DialogTrigger>
                <DialogContent title="SPEC.md" className="max-w-2xl">
                  <Markdown text={view.spec} />
                </DialogContent>
              </Dialog>
            )}
            {actions.canReplan ? <Replan /> : null}
            {actions.canEditPlan ? (
              <Button size="sm" onClick={() => setOpened(true)}>
                <Pencil aria-hidden="true" /> Edit plan
              </Button>
            ) : null}
          </div>
        )
      }
    >
      {editing ? (
        <PlanEditor
          projectId={projectId}
          currentVersion={view.planVersion}
          current={plan}
          draft={draft}
          onChange={(next) => keep(writePlanDraft(next))}
          onClose={() => {
            keep('');
            setOpened(false);
          }}
          onSaved={refresh}
        />
      ) : (
        <div className="space-y-3">
          <p className="max-w-prose text-[0.8125rem] text-muted-foreground">
            {plan.summary}
            {plan.stack === '' ? '' : ` Built with ${plan.stack.replace(/\.$/, '')}.`}
          </p>
          {actions.canApprove ? <ApproveBar view={view} /> : null}
          {actions.canEditPlan && !actions.canApprove ? (
            <Callout tone="info" title="This plan adds no task">
              There is nothing to approve, and nothing will be built. Add a task, or ask for a change in other words.
            </Callout>
          ) : null}
          <ol className="space-y-2">
            {view.tasks.map((task) => (
              <li key={task.id}>
                <TaskCard
                  task={task}
                  projectStatus={view.project.status}
                  open={task.status === 'running' || task.status === 'rejected'}
                />
              </li>
            ))}
          </ol>
          <div className="flex flex-wrap items-baseline justify-between gap-x-4 border-t border-border px-3 pt-2 text-[0.8125rem]">
            <span className="text-muted-foreground">
              {plural(view.tasks.length, 'task')},{' '}
              {plural(
                view.tasks.reduce((sum, task) => sum + task.criteria.length, 0),
                'criterion',
                'criteria',
              )}
            </span>
            <span className="flex flex-wrap gap-x-4">
              <span className="font-medium">
                Quote with README <QuoteRange p50={view.quote.p50Micro} p90={view.quote.p90Micro} />
              </span>
              <Charged totals={view.totals} />
            </span>
          </div>
        </div>
      )}
    </Section>
  );
}
