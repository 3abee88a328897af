'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Section } from '@/components/ui/card';
import { Cell, DataTable } from '@/components/ui/data-table';
import { ErrorState } from '@/components/ui/error-state';
import { SkeletonRows } from '@/components/ui/skeleton';
import { formatUsd } from '@/server/billing/schema';
import { exactCredits } from '@/server/credits/schema';
import { usdText } from './amounts';
import { FormDialog, TextField } from './form-dialog';
import { packageForm } from './form-schemas';
import { useSaved } from './use-operator';

type Package = Outputs['operator']['catalogue']['packages'][number];

const COLUMNS = [
  { name: 'Package' },
  { name: 'Credits', numeric: true },
  { name: 'Price', numeric: true },
  { name: 'State', wide: true },
  { name: 'Action' },
];

/** What can be bought. Purchases keep the credits and the price they were made with. */
export function Packages() {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.operator.catalogue.queryOptions());
  const [editing, setEditing] = useState<Package | 'new' | null>(null);
  return (
    <Section title="Packages" titleId="operator-packages-title">
      {error !== null && data === undefined ? (
        <ErrorState
          title="The packages could not be read"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      ) : null}
      {data === undefined && error === null ? <SkeletonRows rows={3} label="Loading the packages" /> : null}
      {data === undefined ? null : (
        <DataTable label="Packages" columns={COLUMNS}>
          {data.packages.map((offer) => (
            <tr key={offer.id}>
              <Cell>
                <span className="font-medium">{offer.name}</span>
                <span className="mt-0.5 flex sm:hidden">
                  <State offer={offer} />
                </span>
              </Cell>
              <Cell numeric>
                <Credits micro={offer.creditsMicro} />
              </Cell>
              <Cell numeric>{formatUsd(offer.priceUsdCents)}</Cell>
              <Cell wide>
                <State offer={offer} />
              </Cell>
              <Cell>
                <Button size="sm" aria-label={`Edit the ${offer.name} package`} onClick={() => setEditing(offer)}>
                  Edit
                </Button>
              </Cell>
            </tr>
          ))}
        </DataTable>
      )}
      {data === undefined ? null : (
        <Button className="mt-3" onClick={() => setEditing('new')}>
          Add a package
        </Button>
      )}
      {editing === null ? null : (
        <PackageDialog offer={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
    </Section>
  );
}

function State({ offer }: { offer: Package }) {
  return (
    <span className="flex flex-wrap gap-1">
      <Badge tone={offer.active ? 'success' : 'neutral'}>{offer.active ? 'on sale' : 'not on sale'}</Badge>
      {offer.popular ? <Badge tone="chalk">marked popular</Badge> : null}
    </span>
  );
}

/** Without an offer: a new one. */
function PackageDialog({ offer, onClose }: { offer: Package | null; onClose: () => void }) {
  const trpc = useTRPC();
  const saved = useSaved(onClose);
  const update = useMutation(
    trpc.operator.updatePackage.mutationOptions({ onSuccess: () => saved('The package was changed.') }),
  );
  const add = useMutation(
    trpc.operator.addPackage.mutationOptions({ onSuccess: () => saved('The package was added.') }),
  );
  const form = useForm({
    resolver: zodResolver(packageForm),
    defaultValues: {
      name: offer?.name ?? '',
      creditsMicro: offer === null ? '' : exactCredits(offer.creditsMicro),
      priceUsdCents: offer === null ? '' : usdText(offer.priceUsdCents),
      popular: offer?.popular ?? false,
      active: offer?.active ?? true,
    },
  });
  const { errors } = form.formState;
  const submit = form.handleSubmit((wish) =>
    offer === null ? add.mutate(wish) : update.mutate({ id: offer.id, ...wish }),
  );
  return (
    <FormDialog
      title={offer === null ? 'New package' : `Edit the ${offer.name} package`}
      description={
        offer === null
          ? 'Shown after the others, on the pricing page too.'
          : 'Purchases keep the credits and the price they were made with.'
      }
      action={offer === null ? 'Add package' : 'Save package'}
      busy={update.isPending || add.isPending}
      error={update.error ?? add.error}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <TextField id="package-name" label="Name" error={errors.name} field={form.register('name')} />
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          id="package-credits"
          label="Credits"
          numeric
          error={errors.creditsMicro}
          field={form.register('creditsMicro')}
        />
        <TextField
          id="package-price"
          label="US dollars"
          numeric
          error={errors.priceUsdCents}
          field={form.register('priceUsdCents')}
        />
      </div>
      <div className="flex flex-wrap gap-x-6 gap-y-1">
        <label className="flex min-h-6 items-center gap-2">
          <input type="checkbox" className="accent-chalk" {...form.register('active')} />
          On sale
        </label>
        <label className="flex min-h-6 items-center gap-2">
          <input type="checkbox" className="accent-chalk" {...form.register('popular')} />
          Marked popular
        </label>
      </div>
    </FormDialog>
  );
}
