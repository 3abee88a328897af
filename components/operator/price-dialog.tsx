'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useTRPC } from '@/components/trpc/provider';
import { type AddPrice, dollars } from '@/server/models/catalogue/schema-operator';
import { FormDialog, TextField } from './form-dialog';
import { priceForm } from './form-schemas';
import { PRICE_FIELDS, PriceChange, type PriceText } from './price-change';
import type { Model } from './types';
import { useSaved } from './use-operator';

type Price = Model['prices'][number];

function inDollars(price: Price | null | undefined): PriceText | null {
  if (price === null || price === undefined) return null;
  return {
    input: dollars(price.inputPerMillion),
    cached: dollars(price.cachedPerMillion),
    output: dollars(price.outputPerMillion),
  };
}

/** The rows between which a wish stands: the one it follows, and when the next one takes over. Newest rows come first. */
function neighbours(model: Model, { effectiveFrom }: AddPrice): { before: Price | null; until: Date | null } {
  const from = effectiveFrom === undefined ? model.price?.effectiveFrom : new Date(effectiveFrom);
  if (from === undefined) return { before: null, until: model.prices.at(-1)?.effectiveFrom ?? null };
  return {
    before: model.prices.find((price) => price.effectiveFrom <= from) ?? null,
    until: model.prices.findLast((price) => price.effectiveFrom > from)?.effectiveFrom ?? null,
  };
}

/** A new price row, in dollars a million tokens exactly as typed: first the amounts, then a second look, then one effect. */
export function PriceDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const present = inDollars(model.price);
  const form = useForm({
    resolver: zodResolver(priceForm),
    defaultValues: { ...(present ?? { input: '', cached: '', output: '' }), effectiveFrom: '' },
  });
  const [wish, setWish] = useState<AddPrice | null>(null);
  if (wish !== null) return <Confirm model={model} wish={wish} onBack={() => setWish(null)} onClose={onClose} />;
  const { errors } = form.formState;
  const submit = form.handleSubmit(({ effectiveFrom, ...price }) =>
    setWish({ modelRef: model.ref, ...price, ...(effectiveFrom === undefined ? {} : { effectiveFrom }) }),
  );
  return (
    <FormDialog
      title={`New price for ${model.label}`}
      description="Dollars a million tokens. Quotes use it from its moment on; receipts keep the price they were made by."
      action="Continue"
      busy={false}
      error={null}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <div className="grid gap-3 sm:grid-cols-3">
        {PRICE_FIELDS.map(({ name, label }) => (
          <TextField
            key={name}
            id={`price-${name}`}
            label={label}
            numeric
            note={present === null ? 'no price yet' : `now ${present[name]}`}
            error={errors[name]}
            field={form.register(name)}
          />
        ))}
      </div>
      <TextField
        id="price-from"
        label="From (UTC)"
        type="datetime-local"
        note="Empty: at once. A row cannot be changed or removed afterwards, only followed by another one."
        error={errors.effectiveFrom}
        field={form.register('effectiveFrom')}
      />
    </FormDialog>
  );
}

function Confirm({
  model,
  wish,
  onBack,
  onClose,
}: {
  model: Model;
  wish: AddPrice;
  onBack: () => void;
  onClose: () => void;
}) {
  const trpc = useTRPC();
  const saved = useSaved(onClose);
  const { before, until } = neighbours(model, wish);
  const add = useMutation(
    trpc.operator.addPrice.mutationOptions({ onSuccess: () => saved(`${model.label} has a new price.`) }),
  );
  return (
    <FormDialog
      title={`New price for ${model.label}`}
      description="Is this what you mean? It cannot be changed or removed afterwards, only followed by another price."
      action="Add price"
      busy={add.isPending || add.isSuccess}
      error={add.error}
      onSubmit={() => add.mutate(wish)}
      onBack={onBack}
      onClose={onClose}
    >
      <PriceChange modelRef={model.ref} before={inDollars(before)} wish={wish} until={until} />
    </FormDialog>
  );
}
