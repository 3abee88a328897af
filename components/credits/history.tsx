'use client';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { useState } from 'react';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { Label, Select } from '@/components/ui/field';
import { formatDate, formatDateTime } from '@/components/ui/format';
import { ScrollRegion } from '@/components/ui/scroll-region';
import { Skeleton, SkeletonRows } from '@/components/ui/skeleton';
import { ENTRY_KINDS } from '@/server/credits/schema';
import { Credits } from './credits';

type Entry = Outputs['credits']['history']['entries'][number];

const KIND: Record<string, string> = {
  plan_allocation: 'Monthly credits',
  welcome_bonus: 'Welcome credits',
  promo_bonus: 'Promotion',
  topup_purchase: 'Top-up',
  usage: 'Usage',
  usage_refund: 'Rework refunded',
  plan_adjustment: 'Plan change',
  expiry: 'Expired',
  manual_adjustment: 'Adjustment',
  refund: 'Refund',
};

/** Balance as it stands: what is left, from where, and what running work holds. */
export function BalanceCard() {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.credits.balance.queryOptions());
  if (error !== null && data === undefined)
    return (
      <ErrorState title="The balance could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
    );
  if (data === undefined) return <Skeleton className="h-28" />;
  const parts = [
    { name: 'Monthly', micro: data.monthly },
    { name: 'Bonus', micro: data.bonus },
    { name: 'Held by running work', micro: data.held },
  ];
  return (
    <Card className="flex flex-wrap items-end gap-x-10 gap-y-4 p-4">
      <div>
        <p className="lettering text-muted-foreground">To spend</p>
        <p className="text-3xl font-semibold tracking-tight">
          <Credits micro={data.spendable} unit />
        </p>
        {data.low ? (
          <Badge tone="warning" className="mt-1">
            running low
          </Badge>
        ) : null}
      </div>
      <dl className="grid grow grid-cols-[auto_auto] gap-x-6 gap-y-0.5 text-[0.8125rem] sm:max-w-xs">
        {parts.map(({ name, micro }) => (
          <div key={name} className="contents">
            <dt className="text-muted-foreground">{name}</dt>
            <dd className="num">
              <Credits micro={micro} unit />
            </dd>
          </div>
        ))}
      </dl>
      <p className="text-[0.8125rem] text-muted-foreground sm:ml-auto sm:text-right">
        Plan <span className="font-medium text-foreground">{data.plan.name}</span>
        <br />
        Monthly credits are granted anew on {formatDate(data.periodEnd)}
      </p>
    </Card>
  );
}

function Row({ entry }: { entry: Entry }) {
  const what = [entry.role, entry.modelLabel]
    .filter((part) => part !== null && part !== undefined && part !== '')
    .join(' · ');
  return (
    <tr className="align-top">
      <td className="py-2 pr-3 pl-3 whitespace-nowrap text-muted-foreground">
        <time dateTime={entry.createdAt.toISOString()}>{formatDateTime(entry.createdAt)}</time>
      </td>
      <td className="px-3 py-2">
        <span className="font-medium">{KIND[entry.kind] ?? entry.kind}</span>
        {what === '' ? null : <span className="text-muted-foreground"> · {what}</span>}
        {entry.projectId === null || entry.projectId === undefined ? null : (
          <span className="block">
            <Link href={`/projects/${entry.projectId}`} className="text-chalk underline underline-offset-2">
              {entry.projectTitle ?? 'Project'}
            </Link>
            {entry.taskKey === null || entry.taskKey === undefined ? null : (
              <span className="text-muted-foreground">
                {' '}
                · {entry.taskKey} {entry.taskTitle}
              </span>
            )}
          </span>
        )}
        {entry.note === null || entry.note === undefined || entry.note === '' ? null : (
          <span className="block text-muted-foreground">{entry.note}</span>
        )}
        {entry.priceFrom === null || entry.priceFrom === undefined ? null : (
          <span className="block text-[0.75rem] text-muted-foreground">price of {formatDate(entry.priceFrom)}</span>
        )}
      </td>
      <td className="num px-3 py-2">
        {entry.estimated === null || entry.estimated === undefined ? '' : <Credits micro={entry.estimated} />}
      </td>
      <td className="num px-3 py-2">
        {entry.actual === null || entry.actual === undefined ? '' : <Credits micro={entry.actual} />}
        {entry.absorbed !== null && entry.absorbed !== undefined && entry.absorbed > 0n ? (
          <span className="block text-[0.75rem] text-muted-foreground">
            absorbed <Credits micro={entry.absorbed} />
          </span>
        ) : null}
      </td>
      <td className="num px-3 py-2 font-medium">
        <Credits micro={entry.amount} signed className={entry.amount > 0n ? 'text-success' : ''} />
      </td>
      <td className="num py-2 pr-3 pl-3 text-muted-foreground">
        <Credits micro={entry.balanceAfter} />
      </td>
    </tr>
  );
}

/** Every line of the ledger, newest first: what was quoted, what it cost, and for what. */
export function History() {
  const trpc = useTRPC();
  const [kind, setKind] = useState<(typeof ENTRY_KINDS)[number] | undefined>(undefined);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    trpc.credits.history.infiniteQueryOptions(
      { limit: 50, ...(kind === undefined ? {} : { kind }) },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  );
  const entries = data?.pages.flatMap((page) => page.entries);
  return (
    <Section
      title="History"
      titleId="history-title"
      aside={
        <div className="flex items-center gap-2">
          <Label htmlFor="history-kind">Show</Label>
          <Select
            id="history-kind"
            className="h-8 w-auto"
            value={kind ?? ''}
            onChange={(event) => setKind(ENTRY_KINDS.find((known) => known === event.target.value))}
          >
            <option value="">everything</option>
            {ENTRY_KINDS.map((known) => (
              <option key={known} value={known}>
                {KIND[known]}
              </option>
            ))}
          </Select>
        </div>
      }
    >
      {error !== null && entries === undefined ? (
        <ErrorState
          title="The history could not be read"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      ) : null}
      {entries === undefined && error === null ? <SkeletonRows label="Loading the history" /> : null}
      {entries?.length === 0 ? (
        <EmptyState title="Nothing here">
          {kind === undefined ? 'The first credits arrive with the first sign-in.' : 'No entry of this kind.'}
        </EmptyState>
      ) : null}
      {entries !== undefined && entries.length > 0 ? (
        <ScrollRegion label="Ledger" className="overflow-x-auto rounded-lg border border-border bg-card">
          <table className="w-full min-w-[44rem] text-[0.8125rem]">
            <caption className="sr-only">Ledger entries, newest first, in credits</caption>
            <thead className="border-b border-border bg-muted text-left text-[0.75rem] text-muted-foreground">
              <tr>
                <th scope="col" className="py-2 pr-3 pl-3 font-medium">
                  When (UTC)
                </th>
                <th scope="col" className="px-3 py-2 font-medium">
                  What
                </th>
                <th scope="col" className="num px-3 py-2 font-medium">
                  Quoted
                </th>
                <th scope="col" className="num px-3 py-2 font-medium">
                  Actual
                </th>
                <th scope="col" className="num px-3 py-2 font-medium">
                  Credits
                </th>
                <th scope="col" className="num py-2 pr-3 pl-3 font-medium">
                  Balance
                </th>
              </tr>
            </thead>
            <tbody className="divide-y divide-border">
              {entries.map((entry) => (
                <Row key={entry.id} entry={entry} />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      ) : null}
      {hasNextPage ? (
        <div className="mt-3 text-center">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </Section>
  );
}
