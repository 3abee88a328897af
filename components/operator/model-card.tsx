'use client';
import { useMutation } from '@tanstack/react-query';
import { ChevronRight } from 'lucide-react';
import { useId, useState } from 'react';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { Cell, DataTable } from '@/components/ui/data-table';
import { formatDate, formatDateTime } from '@/components/ui/format';
import { dollars } from '@/server/models/catalogue/schema-operator';
import type { Model } from './types';
import { useSaved } from './use-operator';

/** A model in a line; opened, with its price history, where it is used, and what can be done. */
export function ModelCard({
  model,
  replacement,
  onNewPrice,
  onDeprecate,
}: {
  model: Model;
  /** Label of the model that replaces it. */
  replacement: string | null;
  onNewPrice: () => void;
  onDeprecate: () => void;
}) {
  const [open, setOpen] = useState(false);
  const detailsId = useId();
  const upcoming = model.prices.filter((price) => isUpcoming(model, price)).length;
  return (
    <li>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2">
        <button
          type="button"
          aria-expanded={open}
          aria-controls={detailsId}
          className="flex min-h-8 min-w-0 flex-1 basis-64 items-start gap-2 rounded-sm text-left"
          onClick={() => setOpen(!open)}
        >
          <ChevronRight
            aria-hidden="true"
            className={cn('mt-0.5 size-4 shrink-0 text-muted-foreground transition-transform', open && 'rotate-90')}
          />
          <span className="min-w-0">
            <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
              <span className="font-medium">{model.label}</span>
              <Badge>{model.kind === 'embedding' ? 'embedding' : model.tier}</Badge>
              {model.active ? null : <Badge tone="danger">inactive</Badge>}
              {model.deprecatedAt === null ? null : (
                <Badge tone="warning">deprecated {formatDate(model.deprecatedAt)}</Badge>
              )}
              {upcoming > 0 ? <Badge tone="chalk">new price to come</Badge> : null}
            </span>
            <span className="block font-mono text-[0.75rem] break-all text-muted-foreground">{model.ref}</span>
          </span>
        </button>
        <PriceLine model={model} />
      </div>
      {open ? (
        <div id={detailsId} className="space-y-3 border-t border-border bg-muted/40 px-3 py-3 sm:pl-9">
          <p className="text-[0.8125rem] text-muted-foreground">
            {replacement === null ? null : <>Replaced by {replacement}. </>}
            {model.uses.length === 0 ? 'No plan uses it.' : `Used by ${model.uses.join(', ')}.`}
          </p>
          <PriceHistory model={model} />
          <Actions model={model} onNewPrice={onNewPrice} onDeprecate={onDeprecate} />
        </div>
      ) : null}
    </li>
  );
}

function isUpcoming(model: Model, price: Model['prices'][number]): boolean {
  return model.price === null || price.effectiveFrom > model.price.effectiveFrom;
}

function PriceLine({ model }: { model: Model }) {
  const { price } = model;
  if (price === null) return <Badge tone="danger">no price: cannot be called</Badge>;
  const parts = [
    { name: 'in', nano: price.inputPerMillion },
    { name: 'cached', nano: price.cachedPerMillion },
    { name: 'out', nano: price.outputPerMillion },
  ];
  return (
    <dl className="grid grid-cols-3 gap-x-4 text-[0.8125rem] max-sm:w-full max-sm:pl-6">
      {parts.map(({ name, nano }) => (
        <div key={name} className="sm:min-w-16">
          <dt className="text-[0.6875rem] text-muted-foreground sm:text-right">{name}</dt>
          <dd className="num max-sm:text-left">{dollars(nano)}</dd>
        </div>
      ))}
    </dl>
  );
}

const COLUMNS = [
  { name: 'From (UTC)' },
  { name: 'State', wide: true },
  { name: 'Input', numeric: true },
  { name: 'Cached', numeric: true },
  { name: 'Output', numeric: true },
];

function PriceHistory({ model }: { model: Model }) {
  if (model.prices.length === 0) return null;
  return (
    <DataTable label={`Prices of ${model.label}, newest first`} columns={COLUMNS}>
      {model.prices.map((price) => {
        const state = price.id === model.price?.id ? 'current' : isUpcoming(model, price) ? 'upcoming' : 'past';
        const tone = state === 'current' ? 'success' : state === 'upcoming' ? 'chalk' : 'neutral';
        return (
          <tr key={price.id}>
            <Cell>
              <time dateTime={price.effectiveFrom.toISOString()} className="sm:whitespace-nowrap">
                {formatDateTime(price.effectiveFrom)}
              </time>
              <Badge tone={tone} className="mt-0.5 flex w-fit sm:hidden">
                {state}
              </Badge>
            </Cell>
            <Cell wide>
              <Badge tone={tone}>{state}</Badge>
            </Cell>
            <Cell numeric>{dollars(price.inputPerMillion)}</Cell>
            <Cell numeric>{dollars(price.cachedPerMillion)}</Cell>
            <Cell numeric>{dollars(price.outputPerMillion)}</Cell>
          </tr>
        );
      })}
    </DataTable>
  );
}

function Actions({
  model,
  onNewPrice,
  onDeprecate,
}: {
  model: Model;
  onNewPrice: () => void;
  onDeprecate: () => void;
}) {
  const trpc = useTRPC();
  const saved = useSaved(() => undefined);
  const update = useMutation(
    trpc.operator.updateModel.mutationOptions({
      onSuccess: () => saved(`${model.label} was changed.`),
      onError: (error) => toast.error(errorMessage(error)),
    }),
  );
  return (
    <div className="flex flex-wrap gap-2">
      <Button size="sm" variant="primary" onClick={onNewPrice}>
        New price
      </Button>
      <Button
        size="sm"
        disabled={update.isPending}
        onClick={() => update.mutate({ modelRef: model.ref, active: !model.active })}
      >
        {model.active ? 'Deactivate' : 'Activate'}
      </Button>
      {model.deprecatedAt === null ? (
        <Button size="sm" onClick={onDeprecate}>
          Deprecate
        </Button>
      ) : (
        <Button
          size="sm"
          disabled={update.isPending}
          onClick={() => update.mutate({ modelRef: model.ref, deprecatedAt: null, replacedBy: null })}
        >
          Undo deprecation
        </Button>
      )}
    </div>
  );
}
