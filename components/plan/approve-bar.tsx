'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useRefused } from '@/components/access/access-denied';
import { ProjectQuality } from '@/components/access/project-quality';
import { budgetText, budgetTextSchema } from '@/components/credits/amount-problem';
import { Credits } from '@/components/credits/credits';
import { useProjectStream } from '@/components/project/project-stream';
import { useTRPC } from '@/components/trpc/provider';
import type { ProjectView } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { FieldError, Input, Label } from '@/components/ui/field';
import { useSavedForm } from '@/components/ui/use-saved-form';
import { formatCredits, formatQuote } from '@/server/credits/schema';

/** Approval: the quote stands on the button, and an own limit may be set with it. */
export function ApproveBar({ view }: { view: ProjectView }) {
  const { projectId, refresh } = useProjectStream();
  const trpc = useTRPC();
  const quote = { p50: view.quote.p50Micro, p90: view.quote.p90Micro };
  const balance = useQuery(trpc.credits.balance.queryOptions());
  const form = useSavedForm(budgetTextSchema, budgetText(view.project.budgetMicro));
  const problem = form.formState.errors.budget?.message;
  const refused = useRefused({ projectId });
  const approve = useMutation(
    trpc.plan.approve.mutationOptions({
      onSuccess: async () => {
        await refresh();
        toast.success('Approved. The run has started.');
      },
      onError: async (error) => {
        refused(error);
        // The price has changed since the quote was shown.
        await refresh();
      },
    }),
  );
  const submit = form.handleSubmit(({ budget }) =>
    approve.mutate({ projectId, version: view.planVersion, budgetMicro: budget, atMostMicro: quote.p90 }),
  );
  const short = balance.data !== undefined && balance.data.spendable < quote.p90;
  return (
    <div className="space-y-3 rounded-lg border border-chalk/40 bg-card p-3">
      <ProjectQuality view={view} />
      <form noValidate onSubmit={submit} aria-label="Approve plan">
        <div className="flex flex-wrap items-end gap-x-4 gap-y-3">
          <dl className="flex gap-5">
            <div>
              <dt className="lettering text-muted-foreground">Likely</dt>
              <dd className="text-lg font-semibold">
                <Credits micro={quote.p50} unit />
              </dd>
            </div>
            <div>
              <dt className="lettering text-muted-foreground">At most, 9 in 10</dt>
              <dd className="text-lg font-semibold">
                <Credits micro={quote.p90} unit />
              </dd>
            </div>
          </dl>
          <div className="min-w-32 flex-1 sm:max-w-44">
            <Label htmlFor="approve-budget">Budget (optional)</Label>
            <Input
              id="approve-budget"
              inputMode="decimal"
              placeholder="no own limit"
              className="num"
              aria-invalid={problem !== undefined}
              aria-describedby="approve-budget-error"
              {...form.register('budget')}
            />
          </div>
          <Button
            type="submit"
            variant="chalk"
            size="md"
            disabled={approve.isPending}
            className="max-sm:w-full sm:ml-auto"
          >
            Approve plan · {formatQuote(quote.p50, quote.p90)} cr
          </Button>
        </div>
        <FieldError id="approve-budget-error">{problem}</FieldError>
        <p className="mt-2 text-[0.75rem] text-muted-foreground">
          The README at the end is included. You pay for approved attempts only; rejected ones are absorbed and shown,
          and what you accept as it is costs nothing.{' '}
          {short && balance.data !== undefined ? (
            <span className="font-medium text-warning">
              You can spend {formatCredits(balance.data.spendable)} credits now: the run may pause before its end.
            </span>
          ) : null}
        </p>
      </form>
    </div>
  );
}
