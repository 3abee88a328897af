'use client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Section } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { SkeletonRows } from '@/components/ui/skeleton';
import { DeprecateDialog } from './deprecate-dialog';
import { ModelCard } from './model-card';
import { PriceDialog } from './price-dialog';
import type { Model } from './types';

/** Models with their prices. A price is never edited: a new one follows it, so receipts keep theirs. */
export function Models() {
  const trpc = useTRPC();
  const { data: models, error, refetch } = useQuery(trpc.operator.models.queryOptions());
  const [open, setOpen] = useState<{ dialog: 'price' | 'deprecate'; model: Model } | null>(null);
  const close = () => setOpen(null);
  return (
    <Section
      title="Models and prices"
      titleId="models-title"
      aside={<span className="text-[0.75rem] text-muted-foreground">US dollars a million tokens</span>}
    >
      {error !== null && models === undefined ? (
        <ErrorState title="The models could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
      ) : null}
      {models === undefined && error === null ? <SkeletonRows rows={6} label="Loading the models" /> : null}
      {models?.length === 0 ? <EmptyState title="No models">The catalogue is written at the start.</EmptyState> : null}
      {models !== undefined && models.length > 0 ? (
        <ul
          aria-label="Models"
          className="divide-y divide-border overflow-hidden rounded-lg border border-border bg-card"
        >
          {models.map((model) => (
            <ModelCard
              key={model.ref}
              model={model}
              replacement={models.find(({ ref }) => ref === model.replacedBy)?.label ?? model.replacedBy}
              onNewPrice={() => setOpen({ dialog: 'price', model })}
              onDeprecate={() => setOpen({ dialog: 'deprecate', model })}
            />
          ))}
        </ul>
      ) : null}
      {open?.dialog === 'price' ? <PriceDialog model={open.model} onClose={close} /> : null}
      {open?.dialog === 'deprecate' ? (
        <DeprecateDialog model={open.model} models={models ?? []} onClose={close} />
      ) : null}
    </Section>
  );
}
