'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { useTRPC } from '@/components/trpc/provider';
import { Label, Select } from '@/components/ui/field';
import { utcField } from './amounts';
import { FormDialog, TextField } from './form-dialog';
import { deprecationForm } from './form-schemas';
import type { Model } from './types';
import { useSaved } from './use-operator';

/** From a day on projects on this model move to the one that replaces it, and say so. */
export function DeprecateDialog({
  model,
  models,
  onClose,
}: {
  model: Model;
  models: readonly Model[];
  onClose: () => void;
}) {
  const trpc = useTRPC();
  const saved = useSaved(onClose);
  const update = useMutation(
    trpc.operator.updateModel.mutationOptions({ onSuccess: () => saved(`${model.label} is deprecated.`) }),
  );
  const form = useForm({
    resolver: zodResolver(deprecationForm),
    defaultValues: { deprecatedAt: utcField(new Date()), replacedBy: model.replacedBy ?? '' },
  });
  const submit = form.handleSubmit((wish) => update.mutate({ modelRef: model.ref, ...wish }));
  const candidates = models.filter(
    ({ ref, kind, active, deprecatedAt }) =>
      ref !== model.ref && kind === model.kind && active && deprecatedAt === null,
  );
  return (
    <FormDialog
      title={`Deprecate ${model.label}`}
      description="Projects on it move to its replacement from then on, and say so. It can be undone."
      action="Deprecate"
      danger
      busy={update.isPending}
      error={update.error}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <TextField
        id="deprecated-from"
        label="From (UTC)"
        type="datetime-local"
        error={form.formState.errors.deprecatedAt}
        field={form.register('deprecatedAt')}
      />
      <div>
        <Label htmlFor="replaced-by">Replaced by</Label>
        <Select id="replaced-by" className="mt-1" {...form.register('replacedBy')}>
          <option value="">the plan’s default at that quality</option>
          {candidates.map(({ ref, label, tier }) => (
            <option key={ref} value={ref}>
              {label} ({tier})
            </option>
          ))}
        </Select>
      </div>
    </FormDialog>
  );
}
