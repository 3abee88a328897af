'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useProjectStream } from '@/components/project/project-stream';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { ProjectView, TaskView } from '@/components/trpc/types';
import { ErrorState } from '@/components/ui/error-state';
import { Label, Select } from '@/components/ui/field';
import { type Quality, qualitySchema } from '@/server/models/schema';
import { useRefused } from './access-denied';
import { QualitySelector } from './quality-selector';

/** What follows a change of quality: quotes, estimates and the project itself are read again. */
function useAfterChange() {
  const { refresh } = useProjectStream();
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return async () => {
    await Promise.all([refresh(), queryClient.invalidateQueries(trpc.access.pathFilter())]);
    toast.success('Quality changed. What has not begun is quoted again.');
  };
}

/** Quality and model of a project, with what the rest of it would cost at each level; a change holds at once. */
export function ProjectQuality({ view, withModel = false }: { view: ProjectView; withModel?: boolean }) {
  const { projectId } = useProjectStream();
  const trpc = useTRPC();
  const answer = useQuery(trpc.access.project.queryOptions({ projectId }));
  const onSuccess = useAfterChange();
  const onError = useRefused({ projectId });
  const setModel = useMutation(trpc.projects.setModel.mutationOptions({ onSuccess, onError }));
  const quality = view.project.quality;
  const { modelRef } = view.project;
  if (answer.error !== null && answer.data === undefined)
    return (
      <ErrorState
        title="The quality levels could not be read"
        message={errorMessage(answer.error)}
        onRetry={() => void answer.refetch()}
      />
    );
  const modelsOf = (wanted: Quality) => answer.data?.qualities.find((row) => row.quality === wanted)?.models ?? [];
  const choose = (next: Quality) => {
    // A model of the old level may be none of the new one; then the level's own default answers.
    const keeps = modelsOf(next).some(({ ref }) => ref === modelRef);
    setModel.mutate({ projectId, quality: next, modelRef: keeps ? modelRef : null });
  };
  const models = modelsOf(quality);
  return (
    <div className="space-y-3">
      <QualitySelector
        legend="Quality"
        answer={answer.data}
        value={setModel.isPending ? setModel.variables.quality : quality}
        disabled={setModel.isPending}
        scope={{ projectId }}
        onChange={choose}
      />
      {withModel ? (
        <div className="max-w-sm">
          <Label htmlFor="settings-model">Model</Label>
          <Select
            id="settings-model"
            value={modelRef ?? ''}
            disabled={setModel.isPending || answer.data === undefined}
            onChange={(event) =>
              setModel.mutate({ projectId, quality, modelRef: event.target.value === '' ? null : event.target.value })
            }
          >
            <option value="">{defaultName(models)}</option>
            {modelRef === null || models.some(({ ref }) => ref === modelRef) ? null : (
              <option value={modelRef}>{modelRef} (not available)</option>
            )}
            {models.map((model) => (
              <option key={model.ref} value={model.ref}>
                {model.label}
                {model.isDemo ? ' (demo)' : ''}
                {model.ownKey ? ' (own key)' : ''}
              </option>
            ))}
          </Select>
        </div>
      ) : null}
    </div>
  );
}

function defaultName(models: readonly { label: string; isDefault: boolean }[]): string {
  const found = models.find(({ isDefault }) => isDefault);
  return found === undefined ? 'Default of this quality' : `Default of this quality: ${found.label}`;
}

/** A task that has not begun may have a quality of its own. */
export function TaskQuality({ task }: { task: TaskView }) {
  const { projectId, view } = useProjectStream();
  const trpc = useTRPC();
  const answer = useQuery(trpc.access.project.queryOptions({ projectId, taskId: task.id }));
  const onSuccess = useAfterChange();
  const onError = useRefused({ projectId, taskId: task.id });
  const setQuality = useMutation(trpc.access.setTaskQuality.mutationOptions({ onSuccess, onError }));
  const own = qualitySchema.safeParse(task.quality).data ?? null;
  const value = setQuality.isPending ? setQuality.variables.quality : own;
  const inherited = answer.data?.qualities.find((row) => row.quality === view?.project.quality)?.name;
  if (answer.error !== null && answer.data === undefined)
    return <p className="text-[0.8125rem] text-danger">{errorMessage(answer.error)}</p>;
  return (
    <QualitySelector
      legend={`Quality of ${task.key}`}
      answer={answer.data}
      value={value}
      disabled={setQuality.isPending}
      scope={{ projectId, taskId: task.id }}
      onChange={(quality) => setQuality.mutate({ projectId, taskId: task.id, quality })}
      follow={{
        label: `As the project${inherited === undefined ? '' : `: ${inherited}`}`,
        onChoose: () => setQuality.mutate({ projectId, taskId: task.id, quality: null }),
      }}
    />
  );
}
