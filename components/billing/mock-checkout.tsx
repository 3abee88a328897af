'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { ErrorState } from '@/components/ui/error-state';
import { SkeletonRows } from '@/components/ui/skeleton';
import { formatUsd } from '@/server/billing/schema';
import { OrderSummary } from './checkout-frame';
import { Elsewhere } from './elsewhere';

type Purchase = Outputs['billing']['purchase'];

/** Stands in for Stripe's page: the same purchase, the same grant, no money. */
export function MockCheckout({ purchaseId }: { purchaseId: string }) {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.billing.purchase.queryOptions({ purchaseId }));
  if (error !== null && data === undefined)
    return <ErrorState title="No such checkout" message={errorMessage(error)} onRetry={() => void refetch()} />;
  if (data === undefined) return <SkeletonRows rows={2} label="Loading the checkout" />;
  return (
    <>
      <Callout tone="info" title="Local test payment - no money moves">
        No card is asked for. The credits are real in this instance.
      </Callout>
      <OrderSummary
        rows={[
          { name: `${data.packageName} package`, value: <Credits micro={data.creditsMicro} unit /> },
          { name: 'Total', value: formatUsd(data.priceUsdCents) },
        ]}
      />
      {data.elsewhere !== null ? (
        <Elsewhere of={data.elsewhere} what="This purchase" to={`/checkout/mock/${purchaseId}`} />
      ) : data.paid || data.status === 'expired' ? (
        <Closed purchase={data} />
      ) : (
        <Buttons purchase={data} />
      )}
    </>
  );
}

function Closed({ purchase }: { purchase: Purchase }) {
  return (
    <Callout tone={purchase.paid ? 'success' : 'warning'} title={purchase.paid ? 'Paid' : 'This checkout is closed'}>
      <Link className="underline" href={`/checkout/${purchase.paid ? 'success' : 'cancelled'}?purchase=${purchase.id}`}>
        Go on
      </Link>
    </Callout>
  );
}

function Buttons({ purchase }: { purchase: Purchase }) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const finish = useMutation(
    trpc.billing.mockPay.mutationOptions({
      onSuccess: (after, { action }) => {
        queryClient.setQueryData(trpc.billing.purchase.queryKey({ purchaseId: purchase.id }), after);
        if (action === 'pay') router.push(`/checkout/success?purchase=${purchase.id}`);
        if (action === 'cancel') router.push(`/checkout/cancelled?purchase=${purchase.id}`);
      },
    }),
  );
  const act = (action: 'pay' | 'decline' | 'cancel') => finish.mutate({ purchaseId: purchase.id, action });
  return (
    <div className="space-y-3">
      <div aria-live="polite">
        {finish.error !== null ? (
          <Callout tone="danger" title="That did not work">
            {errorMessage(finish.error)}
          </Callout>
        ) : purchase.status === 'failed' ? (
          <Callout tone="danger" title="The payment was declined">
            Nothing was charged. You can try again.
          </Callout>
        ) : null}
      </div>
      <div className="flex flex-col gap-2">
        <Button variant="primary" size="lg" disabled={finish.isPending} onClick={() => act('pay')}>
          Pay {formatUsd(purchase.priceUsdCents)}
        </Button>
        <Button size="lg" disabled={finish.isPending} onClick={() => act('decline')}>
          Try a card that is declined
        </Button>
        <Button variant="ghost" size="lg" disabled={finish.isPending} onClick={() => act('cancel')}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
