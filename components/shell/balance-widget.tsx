'use client';
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import Link from 'next/link';
import { Credits } from '@/components/credits/credits';
import { useTRPC } from '@/components/trpc/provider';
import { cn } from '@/components/ui/cn';
import { Skeleton } from '@/components/ui/skeleton';
import { formatCredits } from '@/server/credits/schema';

/** What can be spent now, and what running work has put aside. */
export function BalanceWidget() {
  const trpc = useTRPC();
  const { data, isPending } = useQuery(trpc.credits.balance.queryOptions(undefined, { refetchInterval: 60_000 }));
  if (isPending) return <Skeleton className="h-8 w-24" />;
  if (data === undefined) return null;
  return (
    <Link
      href="/credits"
      aria-label={`Credits: ${formatCredits(data.spendable)} to spend${data.held > 0n ? `, ${formatCredits(data.held)} held` : ''}${data.low ? ', running low' : ''}`}
      className={cn(
        'flex h-8 items-center gap-1.5 rounded-md border px-2 text-[0.8125rem] hover:bg-accent',
        data.low ? 'border-warning/50 text-warning' : 'border-border',
      )}
    >
      {data.low ? (
        <TriangleAlert aria-hidden="true" className="size-3.5" />
      ) : (
        <span aria-hidden="true" className="size-2 rotate-45 bg-brass-mark" />
      )}
      <Credits micro={data.spendable} className="font-medium" />
      <span className="text-muted-foreground max-sm:sr-only">credits</span>
      {data.held > 0n ? (
        <span className="border-l border-border pl-1.5 text-muted-foreground max-md:hidden">
          <Credits micro={data.held} /> held
        </span>
      ) : null}
    </Link>
  );
}
