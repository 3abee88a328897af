'use client';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '@/components/trpc/provider';
import { Label, Select } from '@/components/ui/field';
import { utcField, utcMoment } from './amounts';
import { FormDialog, TextField } from './form-dialog';
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
  const [from, setFrom] = useState(() => utcField(new Date()));
  const [replacedBy, setReplacedBy] = useState(model.replacedBy ?? '');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const candidates = models.filter(
    ({ ref, kind, active, deprecatedAt }) =>
      ref !== model.ref && kind === model.kind && active && deprecatedAt === null,
  );
  const submit = () => {
    const deprecatedAt = utcMoment(from);
    if (deprecatedAt === null) return setProblem('Write a day and a time.');
    setProblem(undefined);
    update.mutate({ modelRef: model.ref, deprecatedAt, replacedBy: replacedBy === '' ? null : replacedBy });
  };
  return (
    <FormDialog
      title={`Deprecate ${model.label}`}
      description="Projects on it move to its replacement from then on, and say so. It can be undone."
      action="Deprecate"
      danger
      busy={update.isPending}
      error={update.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        id="deprecated-from"
        label="From (UTC)"
        type="datetime-local"
        error={problem}
        value={from}
        onChange={setFrom}
      />
      <div>
        <Label htmlFor="replaced-by">Replaced by</Label>
        <Select
          id="replaced-by"
          className="mt-1"
          value={replacedBy}
          onChange={(event) => setReplacedBy(event.target.value)}
        >
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
