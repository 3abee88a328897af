'use client';
import { useQuery } from '@tanstack/react-query';
import { History, Plus, TriangleAlert } from 'lucide-react';
import Link from 'next/link';
import { Popover } from 'radix-ui';
import { useRef, useState } from 'react';
import { type Balance, BalanceBar, BalanceParts, HeldNow, OwnBudget } from '@/components/credits/balance-bar';
import { Credits } from '@/components/credits/credits';
import { TopupDialog } from '@/components/credits/topup-dialog';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { Skeleton } from '@/components/ui/skeleton';
import { formatCredits } from '@/server/credits/schema';

/** Milliseconds between two looks at the balance: while work holds credits, and otherwise. */
const LOOK_WHILE_HELD_MS = 5_000;
const LOOK_MS = 60_000;

function nameOf({ settled, held, low }: Balance): string {
  const parts = [`Credits: ${formatCredits(settled)}`];
  if (held > 0n) parts.push(`${formatCredits(held)} held`);
  if (low) parts.push('running low');
  return parts.join(', ');
}

function Details({ balance, onBuy }: { balance: Balance; onBuy: () => void }) {
  return (
    <div className="space-y-3">
      <div className="flex items-baseline justify-between gap-3">
        <h2 className="text-sm font-semibold">Credits</h2>
        <Credits micro={balance.settled} className="text-lg font-semibold" />
      </div>
      <HeldNow balance={balance} />
      {balance.low ? (
        <p className="flex items-center gap-1.5 text-[0.8125rem] text-warning">
          <TriangleAlert aria-hidden="true" className="size-3.5 shrink-0" />
          Running low: a build pauses, without loss, when the next step does not fit.
        </p>
      ) : null}
      <OwnBudget balance={balance} />
      <BalanceBar balance={balance} />
      <BalanceParts balance={balance} />
      <div className="flex gap-2">
        <Button size="sm" variant="primary" onClick={onBuy} className="flex-1">
          <Plus aria-hidden="true" /> Add credits
        </Button>
        <Popover.Close asChild>
          <Button size="sm" asChild className="flex-1">
            <Link href="/credits">
              <History aria-hidden="true" /> History
            </Link>
          </Button>
        </Popover.Close>
      </div>
    </div>
  );
}

/** What is settled and what running work holds, on every page of the workspace; behind it where it comes from, and the way to more. */
export function BalanceWidget() {
  const trpc = useTRPC();
  const [open, setOpen] = useState(false);
  const [buying, setBuying] = useState(false);
  const widget = useRef<HTMLButtonElement>(null);
  const { data, isPending } = useQuery(
    trpc.credits.balance.queryOptions(undefined, {
      refetchInterval: ({ state }) => ((state.data?.held ?? 0n) > 0n ? LOOK_WHILE_HELD_MS : LOOK_MS),
    }),
  );
  if (isPending) return <Skeleton className="h-8 w-24" />;
  if (data === undefined) return null;
  return (
    <>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger
          ref={widget}
          aria-label={nameOf(data)}
          className={cn(
            'flex h-8 items-center gap-1.5 rounded-md border px-2 text-[0.8125rem] hover:bg-accent data-[state=open]:bg-accent',
            data.low ? 'border-warning/50 text-warning' : 'border-border',
          )}
        >
          {data.low ? (
            <TriangleAlert aria-hidden="true" className="size-3.5" />
          ) : (
            <span aria-hidden="true" className="size-2 rotate-45 bg-brass-mark" />
          )}
          <Credits micro={data.settled} className="font-medium" />
          <span className="text-muted-foreground max-sm:sr-only">credits</span>
          {data.held > 0n ? (
            <span className="border-l border-border pl-1.5 text-muted-foreground">
              <Credits micro={data.held} /> held
            </span>
          ) : null}
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            align="end"
            sideOffset={6}
            collisionPadding={8}
            aria-label="Credits"
            className="z-50 w-80 max-w-[calc(100vw-1rem)] rounded-lg border border-border bg-popover p-3 text-popover-foreground shadow-lg animate-settle"
          >
            <Details
              balance={data}
              onBuy={() => {
                setOpen(false);
                setBuying(true);
              }}
            />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {/* The button that opens it is gone with the popover. */}
      <TopupDialog open={buying} onOpenChange={setBuying} returnFocusTo={widget} />
    </>
  );
}
