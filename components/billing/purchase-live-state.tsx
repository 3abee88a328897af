'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { type ReactNode, useEffect } from 'react';
import { Credits } from '@/components/credits/credits';
import { askAgain } from '@/components/trpc/ask-again';
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
import { useWaiting, Waiting } from './waiting-for-payment';

type Purchase = Outputs['billing']['purchase'];

/** Milliseconds between two looks for the confirmation. */
const LOOK_EVERY_MS = 1_500;

/** The true state of a purchase, live until it is decided. `cancelled`: the buyer came back without paying. */
export function PurchaseResult({ purchaseId, cancelled = false }: { purchaseId: string; cancelled?: boolean }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery(
    trpc.billing.purchase.queryOptions(
      { purchaseId },
      { refetchInterval: (query) => (query.state.data?.status === 'pending' ? LOOK_EVERY_MS : askAgain(query)) },
    ),
  );
  const paid = data?.paid ?? false;
  useEffect(() => {
    if (!paid) return;
    void queryClient.invalidateQueries(trpc.credits.pathFilter());
    void queryClient.invalidateQueries(trpc.billing.overview.pathFilter());
  }, [paid, queryClient, trpc]);
  if (error !== null && data === undefined)
    return <ErrorState title="No such purchase" message={errorMessage(error)} onRetry={() => void refetch()} />;
  if (data === undefined) return <SkeletonRows rows={2} label="Loading the purchase" />;
  return (
    <>
      <div aria-live="polite">
        <State purchase={data} cancelled={cancelled} />
      </div>
      <OrderSummary
        rows={[
          { name: `${data.packageName} package`, value: <Credits micro={data.creditsMicro} unit /> },
          { name: data.paid ? 'Paid' : 'Price', value: formatUsd(data.priceUsdCents) },
        ]}
      />
      {data.elsewhere === null ? (
        <WayBack to={data.returnTo} primary={data.paid} />
      ) : (
        <Elsewhere
          of={data.elsewhere}
          what="This purchase"
          to={`/checkout/${cancelled ? 'cancelled' : 'success'}?purchase=${purchaseId}`}
        />
      )}
    </>
  );
}

function State({ purchase, cancelled }: { purchase: Purchase; cancelled: boolean }) {
  const waiting = useWaiting(purchase.status === 'pending' && !cancelled && !purchase.mock);
  switch (purchase.status) {
    case 'paid':
      return (
        <Callout
          tone="success"
          title={`The credits are in ${purchase.elsewhere === null ? 'your account' : `the account of “${purchase.elsewhere.name}”`}`}
        >
          Bought credits stay until they are used; they do not expire with the month.
        </Callout>
      );
    case 'refunded':
    case 'disputed':
      return (
        <Callout tone="warning" title={`Paid, and ${purchase.status} later`}>
          <Credits micro={purchase.clawedMicro} unit /> were taken back
          {purchase.owedMicro > 0n ? (
            <>
              , <Credits micro={purchase.owedMicro} unit /> had been used.{' '}
              {purchase.owedNowMicro > 0n ? (
                <>
                  <Credits micro={purchase.owedNowMicro} unit /> are still owed: the next purchase settles them first
                </>
              ) : (
                'Nothing of that is owed any more'
              )}
            </>
          ) : null}
          .
        </Callout>
      );
    case 'failed':
      return (
        <Callout tone="danger" title="The payment failed">
          Nothing was charged and no credits were added. {purchase.mock ? <Again purchase={purchase} /> : null}
        </Callout>
      );
    case 'expired':
      return (
        <Callout tone="warning" title="This checkout is closed">
          Nothing was charged and no credits were added.
        </Callout>
      );
    case 'pending':
      // Local payments are there at once: what is open was not paid.
      if (cancelled || purchase.mock)
        return (
          <Callout tone="info" title={cancelled ? 'Not paid' : 'Not paid yet'}>
            Nothing was charged. <Again purchase={purchase} />
          </Callout>
        );
      return (
        <div className="space-y-2">
          <Waiting long={waiting} what="the payment" />
          {purchase.checkoutUrl === null ? null : (
            <p className="text-[0.8125rem]">
              Not paid? <Again purchase={purchase} label="Back to the payment page" />
            </p>
          )}
        </div>
      );
  }
}

function Again({ purchase, label = 'Go back to the payment page' }: { purchase: Purchase; label?: string }) {
  if (purchase.checkoutUrl === null) return null;
  return (
    <a className="underline" href={purchase.checkoutUrl}>
      {label}
    </a>
  );
}

const CREDITS_PAGE = { href: '/credits', label: 'To the credits page' };

/** To where the person came from, and to the page about what was paid for. */
export function WayBack({
  to,
  primary,
  home = CREDITS_PAGE,
  children,
}: {
  to: string | null;
  primary: boolean;
  home?: { href: string; label: string };
  /** A way that comes before going back. */
  children?: ReactNode;
}) {
  return (
    <div className="flex flex-wrap gap-2">
      {children}
      <Button asChild variant={primary ? 'primary' : 'outline'}>
        <Link href={to ?? home.href}>{to === null ? home.label : 'Back to where you were'}</Link>
      </Button>
      {to === null || to === home.href ? null : (
        <Button asChild variant="ghost">
          <Link href={home.href}>{home.label}</Link>
        </Button>
      )}
    </div>
  );
}
