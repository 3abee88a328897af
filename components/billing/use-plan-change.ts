'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from 'sonner';
import { appCode, errorDetail, errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';

type Outcome = Outputs['billing']['changePlan'];

/** Everything that a change of plan makes old. */
export function useRefreshBilling() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return () =>
    Promise.all(
      [trpc.billing, trpc.credits, trpc.access, trpc.models].map((part) =>
        queryClient.invalidateQueries(part.pathFilter()),
      ),
    );
}

/** Changes the plan; leads to the payment page where that is needed. `onDone` gets what became of it. */
export function usePlanChange(onDone: (outcome: Outcome) => void) {
  const trpc = useTRPC();
  const refresh = useRefreshBilling();
  const [leaving, setLeaving] = useState(false);
  const change = useMutation(
    trpc.billing.changePlan.mutationOptions({
      onSuccess: async (outcome) => {
        if (outcome.outcome === 'checkout' && outcome.url !== null) {
          setLeaving(true);
          window.location.assign(outcome.url);
          return;
        }
        await refresh();
        onDone(outcome);
      },
    }),
  );
  return {
    change: (input: { planId: string; returnTo?: string }) => change.mutate(input),
    busy: change.isPending || leaving,
    error: change.error,
    /** The card was declined or the last payment failed: the payment method is what to mend. */
    paymentProblem: appCode(change.error) === 'payment_declined' || errorDetail(change.error, 'reason') === 'past_due',
    forget: change.reset,
  };
}

/** Opens the payment service's page for payment methods, receipts and invoices. */
export function usePortal(returnTo: string) {
  const trpc = useTRPC();
  const [leaving, setLeaving] = useState(false);
  const portal = useMutation(
    trpc.billing.portal.mutationOptions({
      onSuccess: ({ url }) => {
        if (url === null) {
          toast.error('There is no payment method yet: it is asked for with the first payment.');
          return;
        }
        setLeaving(true);
        window.location.assign(url);
      },
      onError: (error) => toast.error(errorMessage(error)),
    }),
  );
  return { open: () => portal.mutate({ returnTo }), busy: portal.isPending || leaving };
}
