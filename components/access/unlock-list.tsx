'use client';
import { useQuery } from '@tanstack/react-query';
import { ArrowUpRight, Clock, Coins } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { BuyersNote } from '@/components/credits/buyers-note';
import { Credits } from '@/components/credits/credits';
import { useStartTopup } from '@/components/credits/topup-dialog';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { formatDate } from '@/components/ui/format';
import { formatUsd } from '@/server/billing/schema';
import { type Unlock, upgradeHref } from './access-refusal';

const ICON = { wait: Clock, topup: Coins, upgrade: ArrowUpRight } as const;

function keyOf(unlock: Unlock): string {
  if (unlock.kind === 'topup') return unlock.packageId;
  return unlock.kind === 'upgrade' ? unlock.planId : unlock.kind;
}

function Words({ unlock }: { unlock: Unlock }) {
  switch (unlock.kind) {
    case 'wait':
      return (
        <>
          <span className="block font-medium">Wait until {formatDate(unlock.until)}</span>
          <span className="text-muted-foreground">The next monthly credits arrive then, free of charge.</span>
        </>
      );
    case 'topup':
      return (
        <>
          <span className="block font-medium">
            Top up: {unlock.name}
            {unlock.quantity > 1 ? `, ${unlock.quantity} times` : null}
          </span>
          <span className="text-muted-foreground">
            <Credits micro={unlock.creditsMicro} /> credits that do not expire,{' '}
            {unlock.quantity > 1
              ? `${formatUsd(unlock.priceUsdCents)} in all, bought one after another`
              : `once ${formatUsd(unlock.priceUsdCents)}`}
          </span>
        </>
      );
    case 'upgrade':
      return (
        <>
          <span className="block font-medium">Upgrade to {unlock.name}</span>
          <span className="text-muted-foreground">
            <Credits micro={unlock.monthlyMicro} /> credits a month, {formatUsd(unlock.priceUsdCents)} a month
          </span>
        </>
      );
  }
}

/** Ways to unlock something, cheapest first; each leads to its page, and from there back to `returnTo`. */
export function UnlockList({
  unlocks,
  returnTo,
  onLeave,
}: {
  unlocks: readonly Unlock[];
  returnTo: string;
  onLeave: () => void;
}) {
  const trpc = useTRPC();
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  const { busy, buy } = useStartTopup(returnTo);
  const mayBuy = me?.organization.role === 'owner';
  const canTopUp = unlocks.some(({ kind }) => kind === 'topup');
  const actionFor = (unlock: Unlock): ReactNode => {
    if (unlock.kind === 'topup')
      return (
        <Button size="sm" variant="primary" disabled={busy} onClick={() => buy(unlock.packageId)}>
          {unlock.quantity > 1 ? 'Buy the first' : 'Buy'}
        </Button>
      );
    if (unlock.kind === 'upgrade')
      return (
        <Button size="sm" variant={canTopUp ? 'outline' : 'primary'} asChild>
          <Link href={upgradeHref(unlock.planId, returnTo)} onClick={onLeave}>
            See {unlock.name}
          </Link>
        </Button>
      );
    return null;
  };
  return (
    <div className="space-y-3">
      <ul
        aria-label="Ways to unlock it, cheapest first"
        className="divide-y divide-border rounded-lg border border-border"
      >
        {unlocks.map((unlock) => {
          const Icon = ICON[unlock.kind];
          return (
            <li key={keyOf(unlock)} className="flex items-center gap-3 px-3 py-2.5 text-[0.8125rem]">
              <Icon aria-hidden="true" className="size-4 shrink-0 text-muted-foreground" />
              <span className="min-w-0 flex-1">
                <Words unlock={unlock} />
              </span>
              {mayBuy ? actionFor(unlock) : null}
            </li>
          );
        })}
      </ul>
      {me !== undefined && !mayBuy && unlocks.some(({ kind }) => kind !== 'wait') ? <BuyersNote /> : null}
    </div>
  );
}
