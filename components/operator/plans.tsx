'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Section } from '@/components/ui/card';
import { Cell, DataTable } from '@/components/ui/data-table';
import { ErrorState } from '@/components/ui/error-state';
import { SkeletonRows } from '@/components/ui/skeleton';
import { formatUsd } from '@/server/billing/schema';
import { exactCredits, formatCredits } from '@/server/credits/schema';
import { usdText } from './amounts';
import { FormDialog, TextField } from './form-dialog';
import { planForm } from './form-schemas';
import { useSaved } from './use-operator';

type Plan = Outputs['operator']['catalogue']['plans'][number];

const COLUMNS = [
  { name: 'Plan' },
  { name: 'Credits a month', numeric: true },
  { name: 'Welcome', numeric: true, wide: true },
  { name: 'Price a month', numeric: true },
  { name: 'Organizations', numeric: true, wide: true },
  { name: 'Action' },
];

/** What the plans hold and cost. */
export function Plans() {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.operator.catalogue.queryOptions());
  const [editing, setEditing] = useState<Plan | null>(null);
  return (
    <Section title="Plans" titleId="operator-plans-title">
      {error !== null && data === undefined ? (
        <ErrorState title="The plans could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
      ) : null}
      {data === undefined && error === null ? <SkeletonRows rows={3} label="Loading the plans" /> : null}
      {data === undefined ? null : (
        <DataTable label="Plans" columns={COLUMNS}>
          {data.plans.map((plan) => (
            <tr key={plan.id}>
              <Cell>
                <span className="font-medium">{plan.name}</span>
                <span className="block text-[0.75rem] text-muted-foreground sm:hidden">
                  {formatCredits(plan.welcomeMicro)} welcome
                  <br />
                  used by {plan.organizations}
                </span>
              </Cell>
              <Cell numeric>
                <Credits micro={plan.monthlyMicro} />
              </Cell>
              <Cell numeric wide>
                <Credits micro={plan.welcomeMicro} />
              </Cell>
              <Cell numeric>{formatUsd(plan.priceUsdCents)}</Cell>
              <Cell numeric wide>
                {plan.organizations}
              </Cell>
              <Cell>
                <Button size="sm" aria-label={`Edit the ${plan.name} plan`} onClick={() => setEditing(plan)}>
                  Edit
                </Button>
              </Cell>
            </tr>
          ))}
        </DataTable>
      )}
      {editing === null ? null : <PlanDialog plan={editing} onClose={() => setEditing(null)} />}
    </Section>
  );
}

function PlanDialog({ plan, onClose }: { plan: Plan; onClose: () => void }) {
  const trpc = useTRPC();
  const saved = useSaved(onClose);
  const update = useMutation(
    trpc.operator.updatePlan.mutationOptions({ onSuccess: () => saved('The plan was changed.') }),
  );
  const form = useForm({
    resolver: zodResolver(planForm),
    defaultValues: {
      name: plan.name,
      monthlyMicro: exactCredits(plan.monthlyMicro),
      welcomeMicro: exactCredits(plan.welcomeMicro),
      priceUsdCents: usdText(plan.priceUsdCents),
    },
  });
  const { errors } = form.formState;
  const submit = form.handleSubmit((wish) => update.mutate({ id: plan.id, ...wish }));
  return (
    <FormDialog
      title={`Edit the ${plan.name} plan`}
      description="Nobody’s present period changes."
      action="Save plan"
      busy={update.isPending}
      error={update.error}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <TextField id="plan-name" label="Name" error={errors.name} field={form.register('name')} />
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField
          id="plan-monthly"
          label="Credits a month"
          numeric
          note="from each one’s next period on"
          error={errors.monthlyMicro}
          field={form.register('monthlyMicro')}
        />
        <TextField
          id="plan-welcome"
          label="Welcome credits"
          numeric
          note="once, for newcomers"
          error={errors.welcomeMicro}
          field={form.register('welcomeMicro')}
        />
        <TextField
          id="plan-price"
          label="US dollars a month"
          numeric
          note="running subscriptions keep theirs"
          error={errors.priceUsdCents}
          field={form.register('priceUsdCents')}
        />
      </div>
    </FormDialog>
  );
}
