'use client';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '@/components/trpc/provider';
import { addPriceSchema, dollars } from '@/server/models/schema-operator';
import { utcMoment } from './amounts';
import { FormDialog, TextField } from './form-dialog';
import type { Model } from './types';
import { useSaved } from './use-operator';

const FIELDS = [
  { name: 'input', label: 'Input' },
  { name: 'cached', label: 'Cached input' },
  { name: 'output', label: 'Output' },
] as const;

/** A new price row. Dollars a million tokens, exactly as typed. */
export function PriceDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const trpc = useTRPC();
  const saved = useSaved(onClose);
  const add = useMutation(
    trpc.operator.addPrice.mutationOptions({ onSuccess: () => saved(`${model.label} has a new price.`) }),
  );
  const present = {
    input: model.price === null ? null : dollars(model.price.inputPerMillion),
    cached: model.price === null ? null : dollars(model.price.cachedPerMillion),
    output: model.price === null ? null : dollars(model.price.outputPerMillion),
  };
  const [draft, setDraft] = useState({
    input: present.input ?? '',
    cached: present.cached ?? '',
    output: present.output ?? '',
  });
  const [from, setFrom] = useState('');
  const [problems, setProblems] = useState<Record<string, string>>({});
  const submit = () => {
    const moment = from === '' ? undefined : utcMoment(from);
    const parsed = addPriceSchema.safeParse({
      modelRef: model.ref,
      ...draft,
      ...(moment === undefined ? {} : { effectiveFrom: moment }),
    });
    if (parsed.success) {
      setProblems({});
      add.mutate(parsed.data);
      return;
    }
    setProblems(
      Object.fromEntries(
        parsed.error.issues.map(({ path }) => [
          String(path[0]),
          path[0] === 'effectiveFrom'
            ? 'Write a day and a time.'
            : 'Write dollars such as 1.25, with at most nine decimals.',
        ]),
      ),
    );
  };
  return (
    <FormDialog
      title={`New price for ${model.label}`}
      description="Dollars a million tokens. Quotes use it from its moment on; receipts keep the price they were made by."
      action="Add price"
      busy={add.isPending}
      error={add.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <div className="grid gap-3 sm:grid-cols-3">
        {FIELDS.map(({ name, label }) => (
          <TextField
            key={name}
            id={`price-${name}`}
            label={label}
            numeric
            note={present[name] === null ? 'no price yet' : `now ${present[name]}`}
            error={problems[name]}
            value={draft[name]}
            onChange={(value) => setDraft({ ...draft, [name]: value })}
          />
        ))}
      </div>
      <TextField
        id="price-from"
        label="From (UTC)"
        type="datetime-local"
        note="Empty: at once. A row cannot be changed or removed afterwards, only followed by another one."
        error={problems.effectiveFrom}
        value={from}
        onChange={setFrom}
      />
    </FormDialog>
  );
}
