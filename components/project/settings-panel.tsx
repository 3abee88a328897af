'use client';
import { useMutation } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import type { FormEventHandler, ReactNode } from 'react';
import { toast } from 'sonner';
import { ProjectQuality } from '@/components/access/project-quality';
import { budgetText, budgetTextSchema } from '@/components/credits/amount-problem';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { ProjectView } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { Dialog, DialogClose, DialogContent, DialogTrigger } from '@/components/ui/dialog';
import { FieldError, Input, Label } from '@/components/ui/field';
import { Skeleton } from '@/components/ui/skeleton';
import { useSavedForm } from '@/components/ui/use-saved-form';
import { projectTitleSchema } from '@/server/projects/schema';
import { useProjectStream } from './project-stream';

function SettingCard({
  children,
  onSubmit,
  label,
}: {
  children: ReactNode;
  onSubmit: FormEventHandler;
  label: string;
}) {
  return (
    <Card className="p-3">
      <form noValidate aria-label={label} onSubmit={onSubmit} className="flex flex-wrap items-end gap-3">
        {children}
      </form>
    </Card>
  );
}

function SettingsForms({ view }: { view: ProjectView }) {
  const { projectId, refresh } = useProjectStream();
  const trpc = useTRPC();
  const router = useRouter();
  const { project } = view;
  const outcome = {
    onSuccess: async () => {
      await refresh();
      toast.success('Saved.');
    },
    onError: (error: unknown) => void toast.error(errorMessage(error)),
  };
  const rename = useMutation(trpc.projects.rename.mutationOptions(outcome));
  const setLimit = useMutation(trpc.projects.setBudget.mutationOptions(outcome));
  const archive = useMutation(
    trpc.projects.archive.mutationOptions({ onSuccess: () => router.push('/projects'), onError: outcome.onError }),
  );
  const title = useSavedForm(projectTitleSchema, { title: project.title });
  const titleProblem = title.formState.errors.title?.message;
  const budget = useSavedForm(budgetTextSchema, budgetText(project.budgetMicro));
  const budgetProblem = budget.formState.errors.budget?.message;
  return (
    <div className="space-y-3">
      <SettingCard label="Title" onSubmit={title.handleSubmit((value) => rename.mutate({ projectId, ...value }))}>
        <div className="min-w-48 flex-1">
          <Label htmlFor="settings-title">Title</Label>
          <Input
            id="settings-title"
            maxLength={120}
            aria-invalid={titleProblem !== undefined}
            aria-describedby="settings-title-error"
            defaultValue={project.title}
            {...title.register('title')}
          />
        </div>
        <Button type="submit" disabled={!title.formState.isDirty || rename.isPending}>
          Rename
        </Button>
        <div className="w-full empty:hidden">
          <FieldError id="settings-title-error">{titleProblem}</FieldError>
        </div>
      </SettingCard>
      <SettingCard
        label="Budget"
        onSubmit={budget.handleSubmit((value) => setLimit.mutate({ projectId, budgetMicro: value.budget }))}
      >
        <div className="min-w-48 flex-1">
          <Label htmlFor="settings-budget">Budget in credits</Label>
          <Input
            id="settings-budget"
            inputMode="decimal"
            placeholder="no own limit"
            className="num"
            aria-invalid={budgetProblem !== undefined}
            aria-describedby="settings-budget-note settings-budget-error"
            {...budget.register('budget')}
          />
        </div>
        <Button type="submit" disabled={setLimit.isPending}>
          Save budget
        </Button>
        <div className="w-full">
          <FieldError id="settings-budget-error">{budgetProblem}</FieldError>
          <p id="settings-budget-note" className="text-[0.75rem] text-muted-foreground">
            The whole project never spends more than this; the run pauses between steps when it is reached.
          </p>
        </div>
      </SettingCard>
      <Card className="p-3">
        <ProjectQuality view={view} withModel />
        <p className="mt-2 text-[0.75rem] text-muted-foreground">
          What the rest of the project would cost at each quality. A task may have its own, in the plan. A change holds
          for steps that have not begun.
        </p>
      </Card>
      <Card className="flex flex-wrap items-center justify-between gap-3 p-3">
        <p className="min-w-48 flex-1 text-[0.8125rem] text-muted-foreground">
          An archived project leaves the list. Its files, history and receipts stay.
        </p>
        <Dialog>
          <DialogTrigger asChild>
            <Button variant="danger">Archive project</Button>
          </DialogTrigger>
          <DialogContent title={`Archive “${project.title}”?`} description="A running run must be stopped first.">
            <div className="flex justify-end gap-2">
              <DialogClose asChild>
                <Button>Keep it</Button>
              </DialogClose>
              <Button variant="danger" disabled={archive.isPending} onClick={() => archive.mutate({ projectId })}>
                Archive
              </Button>
            </div>
          </DialogContent>
        </Dialog>
      </Card>
    </div>
  );
}

export function SettingsPanel() {
  const { view } = useProjectStream();
  return (
    <Section title="Settings" titleId="settings-title-heading">
      {view === undefined ? <Skeleton className="h-64" /> : <SettingsForms view={view} />}
    </Section>
  );
}
