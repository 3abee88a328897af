'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { errorMessage } from '@/components/trpc/error-message';
import { useShownOrganization, useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Section } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { SkeletonRows } from '@/components/ui/skeleton';
import type { HistoryFilter } from '@/server/credits/schema';
import { exportHref, HISTORY_PAGE, isFiltered, readHistoryFilter, writeHistoryFilter } from './history-filter';
import { HistoryFilters } from './history-filters';
import { HistoryTable } from './history-table';

/** Every line of the ledger, newest first: what was held for it, what it cost, and for what. Its filters stand in the address. */
export function History() {
  const trpc = useTRPC();
  const router = useRouter();
  const organizationId = useShownOrganization();
  const filter = readHistoryFilter(useSearchParams());
  const change = (next: HistoryFilter) => {
    const query = writeHistoryFilter(next);
    router.replace(query === '' ? '/credits' : `/credits?${query}`, { scroll: false });
  };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    trpc.credits.history.infiniteQueryOptions(
      { limit: HISTORY_PAGE, ...filter },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  );
  const entries = data?.pages.flatMap((page) => page.entries);
  return (
    <Section
      title="History"
      titleId="history-title"
      aside={
        <Button size="sm" asChild>
          <a href={exportHref(filter, organizationId)} download>
            <Download aria-hidden="true" /> CSV<span className="sr-only"> of these lines</span>
          </a>
        </Button>
      }
    >
      <div className="space-y-3">
        <HistoryFilters filter={filter} onChange={change} />
        {error !== null && entries === undefined ? (
          <ErrorState
            title="The history could not be read"
            message={errorMessage(error)}
            onRetry={() => void refetch()}
          />
        ) : null}
        {entries === undefined && error === null ? <SkeletonRows label="Loading the history" /> : null}
        {entries?.length === 0 ? (
          <EmptyState
            title="Nothing here"
            action={isFiltered(filter) ? <Button onClick={() => change({})}>Show everything</Button> : undefined}
          >
            {isFiltered(filter)
              ? 'No entry matches these filters.'
              : 'No credits have come or gone yet. Each purchase, each month and each call to a model will be a line here.'}
          </EmptyState>
        ) : null}
        {entries !== undefined && entries.length > 0 ? <HistoryTable entries={entries} /> : null}
        {hasNextPage ? (
          <div className="text-center">
            <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show more
            </Button>
          </div>
        ) : null}
      </div>
    </Section>
  );
}
