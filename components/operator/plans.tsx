'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { amountProblem } from '@/components/credits/amount-problem';
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
import { exactCredits, formatCredits, parseCredits } from '@/server/credits/schema';
import { nameProblem, parseUsd, usdProblem, usdText } from './amounts';
import { FormDialog, TextField } from './form-dialog';
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
  const [name, setName] = useState(plan.name);
  const [monthly, setMonthly] = useState(exactCredits(plan.monthlyMicro));
  const [welcome, setWelcome] = useState(exactCredits(plan.welcomeMicro));
  const [price, setPrice] = useState(usdText(plan.priceUsdCents));
  const [checked, setChecked] = useState(false);
  const monthlyMicro = parseCredits(monthly);
  const welcomeMicro = parseCredits(welcome);
  const priceUsdCents = parseUsd(price);
  const says = (problem: string | undefined) => (checked ? problem : undefined);
  const submit = () => {
    setChecked(true);
    if (nameProblem(name) !== undefined || monthlyMicro === null || welcomeMicro === null || priceUsdCents === null)
      return;
    update.mutate({ id: plan.id, name: name.trim(), monthlyMicro, welcomeMicro, priceUsdCents });
  };
  return (
    <FormDialog
      title={`Edit the ${plan.name} plan`}
      description="Nobody’s present period changes."
      action="Save plan"
      busy={update.isPending}
      error={update.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField id="plan-name" label="Name" error={says(nameProblem(name))} value={name} onChange={setName} />
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField
          id="plan-monthly"
          label="Credits a month"
          numeric
          note="from each one’s next period on"
          error={says(amountProblem(monthly))}
          value={monthly}
          onChange={setMonthly}
        />
        <TextField
          id="plan-welcome"
          label="Welcome credits"
          numeric
          note="once, for newcomers"
          error={says(amountProblem(welcome))}
          value={welcome}
          onChange={setWelcome}
        />
        <TextField
          id="plan-price"
          label="US dollars a month"
          numeric
          note="running subscriptions keep theirs"
          error={says(usdProblem(price))}
          value={price}
          onChange={setPrice}
        />
      </div>
    </FormDialog>
  );
}
