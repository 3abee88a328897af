'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type RefObject, useState } from 'react';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { cn } from '@/components/ui/cn';
import { Dialog, DialogContent } from '@/components/ui/dialog';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { SkeletonRows } from '@/components/ui/skeleton';
import { formatUsd } from '@/server/billing/schema';
import { formatCredits } from '@/server/credits/schema';
import { BuyersNote } from './buyers-note';
import { Credits } from './credits';

type Package = Outputs['billing']['packages'][number];

/** Where the person is now, so that the payment page leads back to it. */
export function presentPath(): string {
  return `${window.location.pathname}${window.location.search}`;
}

/** Begins a purchase and goes to its payment page; only an owner's succeeds. */
export function useStartTopup(returnTo?: string) {
  const trpc = useTRPC();
  const [leaving, setLeaving] = useState(false);
  const start = useMutation(
    trpc.billing.startTopup.mutationOptions({
      onSuccess: ({ url }) => {
        setLeaving(true);
        window.location.assign(url);
      },
      onError: (error) => toast.error(errorMessage(error)),
    }),
  );
  return {
    busy: start.isPending || leaving,
    buy: (packageId: string) => start.mutate({ packageId, returnTo: returnTo ?? presentPath() }),
  };
}

/** What of a package can be spent once what is owed is repaid. */
function afterRepaying(bought: bigint, owed: bigint): string {
  return bought > owed
    ? `${formatCredits(bought - owed)} of them to spend, the rest repays what is owed`
    : 'all of them repay what is owed';
}

function PackageRow({
  offer,
  owed,
  busy,
  onBuy,
}: {
  offer: Package;
  /** Micro-credits that a purchase repays first. */
  owed: bigint;
  busy: boolean;
  onBuy: (() => void) | null;
}) {
  return (
    <li
      className={cn(
        'flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border p-3',
        offer.popular ? 'border-chalk/50 bg-chalk-soft/40' : 'border-border',
      )}
    >
      <div className="min-w-40 flex-1">
        <p className="flex items-center gap-2 font-medium">
          {offer.name}
          {offer.popular ? <Badge tone="chalk">popular</Badge> : null}
        </p>
        <p className="text-[0.8125rem] text-muted-foreground">
          <Credits micro={offer.creditsMicro} className="text-foreground" /> credits at {offer.centsPerCredit} ¢ each
          {owed > 0n ? <span className="block">{afterRepaying(offer.creditsMicro, owed)}</span> : null}
        </p>
      </div>
      {onBuy === null ? (
        <span className="num font-medium">{formatUsd(offer.priceUsdCents)}</span>
      ) : (
        <Button variant={offer.popular ? 'chalk' : 'outline'} disabled={busy} onClick={onBuy} className="max-sm:w-full">
          Buy for {formatUsd(offer.priceUsdCents)}
        </Button>
      )}
    </li>
  );
}

function Packages({ returnTo }: { returnTo: string | undefined }) {
  const trpc = useTRPC();
  const packages = useQuery(trpc.billing.packages.queryOptions());
  const overview = useQuery(trpc.billing.overview.queryOptions());
  const { busy, buy } = useStartTopup(returnTo);
  const error = packages.error ?? overview.error;
  if (error !== null)
    return (
      <ErrorState
        title="The packages could not be read"
        message={errorMessage(error)}
        onRetry={() => void Promise.all([packages.refetch(), overview.refetch()])}
      />
    );
  if (packages.data === undefined || overview.data === undefined)
    return <SkeletonRows rows={3} label="Loading the packages" />;
  const { canChange, mock, usage } = overview.data;
  return (
    <div className="space-y-3">
      {canChange ? null : <BuyersNote />}
      {usage.owedMicro > 0n ? (
        <Callout tone="info" title="Part of it repays what is owed">
          <Credits micro={usage.owedMicro} className="font-medium" /> credits of an earlier purchase were spent and then
          refunded; the next purchase covers them first.
        </Callout>
      ) : null}
      {packages.data.length === 0 ? (
        <EmptyState title="Nothing is on sale">The operator of this instance offers no packages at present.</EmptyState>
      ) : (
        <ul aria-label="Packages" className="space-y-2">
          {packages.data.map((offer) => (
            <PackageRow
              key={offer.id}
              offer={offer}
              owed={usage.owedMicro}
              busy={busy}
              onBuy={canChange ? () => buy(offer.id) : null}
            />
          ))}
        </ul>
      )}
      <p className="text-[0.75rem] text-muted-foreground">
        Bought credits do not expire; monthly ones are used first.{' '}
        {mock ? 'This instance takes no money: the payment page is a local test page.' : 'You pay on Stripe’s page.'}
      </p>
    </div>
  );
}

/** Packages with their price per credit; buying leads to the payment page and back to where it began. */
export function TopupDialog({
  open,
  onOpenChange,
  returnTo,
  returnFocusTo,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Default: the present page. */
  returnTo?: string | undefined;
  returnFocusTo?: RefObject<HTMLElement | null>;
}) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title="Add credits"
        description="They arrive as soon as the payment is confirmed."
        returnFocusTo={returnFocusTo}
      >
        <Packages returnTo={returnTo} />
      </DialogContent>
    </Dialog>
  );
}
