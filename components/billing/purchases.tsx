'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Section } from '@/components/ui/card';
import { Cell, DataTable } from '@/components/ui/data-table';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { formatDate, formatDateTime } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { formatUsd } from '@/server/billing/schema';
import { canStillBePaid, type Purchase, purchaseBadge } from './purchase-badge';

const COLUMNS = [
  { name: 'Ordered', wide: true },
  { name: 'Package' },
  { name: 'State' },
  { name: 'Credits', numeric: true, wide: true },
  { name: 'Price', numeric: true },
];

/** Packages that were bought, or nearly, with what became of each. */
export function Purchases({ canChange, onTopUp }: { canChange: boolean; onTopUp: () => void }) {
  const trpc = useTRPC();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    trpc.billing.purchases.infiniteQueryOptions(
      { limit: 20 },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  );
  const purchases = data?.pages.flatMap((page) => page.purchases);
  const topUp = canChange ? (
    <Button size="sm" onClick={onTopUp}>
      Buy credits
    </Button>
  ) : null;
  return (
    <Section title="Purchases" titleId="purchases-title" aside={purchases?.length === 0 ? null : topUp}>
      {error !== null && purchases === undefined ? (
        <ErrorState
          title="The purchases could not be read"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      ) : null}
      {purchases === undefined && error === null ? <SkeletonRows rows={2} label="Loading the purchases" /> : null}
      {purchases?.length === 0 ? (
        <EmptyState className="py-6" title="Nothing bought yet" action={topUp ?? undefined}>
          Bought credits do not expire; monthly ones are used first.
        </EmptyState>
      ) : null}
      {purchases !== undefined && purchases.length > 0 ? (
        <DataTable label="Purchases, newest first" columns={COLUMNS}>
          {purchases.map((purchase) => (
            <Row key={purchase.id} purchase={purchase} canChange={canChange} />
          ))}
        </DataTable>
      ) : null}
      {hasNextPage ? (
        <div className="mt-3 text-center">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more purchases
          </Button>
        </div>
      ) : null}
    </Section>
  );
}

function Row({ purchase, canChange }: { purchase: Purchase; canChange: boolean }) {
  const { label, tone, note } = purchaseBadge(purchase);
  return (
    <tr>
      <Cell wide className="whitespace-nowrap text-muted-foreground">
        <time dateTime={purchase.createdAt.toISOString()}>{formatDateTime(purchase.createdAt)}</time>
      </Cell>
      <Cell>
        <span className="font-medium">{purchase.packageName}</span>
        {purchase.mock ? <span className="text-muted-foreground"> · test</span> : null}
        <span className="block text-[0.75rem] text-muted-foreground sm:hidden">
          <Credits micro={purchase.creditsMicro} unit /> · {formatDate(purchase.createdAt)}
        </span>
      </Cell>
      <Cell>
        <Badge tone={tone}>{label}</Badge>
        {note === null ? null : <span className="mt-0.5 block text-[0.75rem] text-muted-foreground">{note}</span>}
        {canChange && canStillBePaid(purchase) && purchase.checkoutUrl !== null ? (
          <a
            className="mt-0.5 block text-[0.75rem] text-chalk underline underline-offset-2"
            href={purchase.checkoutUrl}
          >
            Go to payment
          </a>
        ) : null}
      </Cell>
      <Cell numeric wide>
        <Credits micro={purchase.creditsMicro} />
      </Cell>
      <Cell numeric>{formatUsd(purchase.priceUsdCents)}</Cell>
    </tr>
  );
}
