'use client';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '@/components/trpc/provider';
import { type AddPrice, addPriceSchema, dollars } from '@/server/models/catalogue/schema-operator';
import { utcMoment } from './amounts';
import { FormDialog, TextField } from './form-dialog';
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
  const [draft, setDraft] = useState<PriceText>(present ?? { input: '', cached: '', output: '' });
  const [from, setFrom] = useState('');
  const [wish, setWish] = useState<AddPrice | null>(null);
  const [problems, setProblems] = useState<Record<string, string>>({});
  if (wish !== null) return <Confirm model={model} wish={wish} onBack={() => setWish(null)} onClose={onClose} />;
  const check = () => {
    const { wish: read, problems: wrong } = readWish(model.ref, draft, from);
    setProblems(wrong);
    setWish(read);
  };
  return (
    <FormDialog
      title={`New price for ${model.label}`}
      description="Dollars a million tokens. Quotes use it from its moment on; receipts keep the price they were made by."
      action="Continue"
      busy={false}
      error={null}
      onSubmit={check}
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

/** What was typed as a request, or what is wrong with it by field. */
function readWish(
  modelRef: string,
  draft: PriceText,
  from: string,
): { wish: AddPrice | null; problems: Record<string, string> } {
  const moment = from === '' ? undefined : utcMoment(from);
  const parsed = addPriceSchema.safeParse({
    modelRef,
    ...draft,
    ...(moment === undefined ? {} : { effectiveFrom: moment }),
  });
  if (parsed.success) return { wish: parsed.data, problems: {} };
  const problems = parsed.error.issues.map(({ path: [field] }) => [
    String(field),
    field === 'effectiveFrom' ? 'Write a day and a time.' : 'Write dollars such as 1.25, with at most nine decimals.',
  ]);
  return { wish: null, problems: Object.fromEntries(problems) };
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
