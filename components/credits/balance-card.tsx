'use client';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { Skeleton } from '@/components/ui/skeleton';
import { BalanceBar, BalanceParts, HeldNow, OwnBudget } from './balance-bar';
import { Credits } from './credits';
import { TopupDialog } from './topup-dialog';

/** Balance as it stands: what is left, from where, what running work holds, and how to add to it. */
export function BalanceCard() {
  const trpc = useTRPC();
  const params = useSearchParams();
  // A page that waits for credits leads here with the dialog open, and is led back to after the payment.
  const [buying, setBuying] = useState(params.has('topup'));
  const returnTo = params.get('returnTo') ?? '/credits';
  const { data, error, refetch } = useQuery(trpc.credits.balance.queryOptions());
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  // On a phone the header has no room to say whose credits these are.
  const isTeam = me?.organization.kind === 'team';
  if (error !== null && data === undefined)
    return (
      <ErrorState title="The balance could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
    );
  if (data === undefined) return <Skeleton className="h-36" />;
  return (
    <Card className="grid gap-x-10 gap-y-4 p-4 sm:grid-cols-[auto_minmax(0,24rem)] sm:justify-between">
      <div className="flex min-w-0 flex-col items-start gap-3">
        <div className="min-w-0 max-w-full">
          <p className="lettering text-muted-foreground">Balance</p>
          {isTeam ? (
            <p className="text-[0.8125rem] wrap-anywhere text-muted-foreground">
              {data.budget === null ? `by ${me.organization.name}` : `by you in ${me.organization.name}`}
            </p>
          ) : null}
          <p className="text-3xl font-semibold tracking-tight">
            <Credits micro={data.settled} unit />
          </p>
          <HeldNow balance={data} className="mt-1" />
          <OwnBudget balance={data} className="mt-1" />
          {data.low ? (
            <Badge tone="warning" className="mt-1">
              {data.spendable === 0n ? 'nothing to spend' : 'running low'}
            </Badge>
          ) : null}
        </div>
        <div className="flex flex-wrap gap-2 sm:mt-auto">
          <Button variant="primary" onClick={() => setBuying(true)}>
            <Plus aria-hidden="true" /> Add credits
          </Button>
          {data.plan.monthlyMicro === 0n || data.low ? (
            <Button asChild>
              <Link href="/settings/billing">See the plans</Link>
            </Button>
          ) : null}
        </div>
      </div>
      <div className="space-y-3">
        <BalanceBar balance={data} />
        <BalanceParts balance={data} />
      </div>
      <TopupDialog open={buying} onOpenChange={setBuying} returnTo={returnTo} />
    </Card>
  );
}
