'use client';
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft } from 'lucide-react';
import Link from 'next/link';
import { errorMessage, isNotFound } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { formatDateTime } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { ENTRY_KIND_NAME, HELD_AT_MOST } from './entry-kinds';
import { ReceiptChain } from './receipt-chain';
import { sixDecimals } from './receipt-words';

export type ReceiptData = Outputs['credits']['receipt'];

function Amounts({ entry }: { entry: ReceiptData['entry'] }) {
  const rows = [
    { name: 'From monthly credits', micro: entry.monthlyDelta },
    { name: 'From bonus credits', micro: entry.bonusDelta },
    { name: 'Held at most', micro: entry.estimated, why: HELD_AT_MOST },
    { name: 'Actual', micro: entry.actual },
    { name: 'Absorbed', micro: entry.absorbed > 0n ? entry.absorbed : null },
    { name: 'Balance after', micro: entry.balanceAfter },
  ].filter(({ micro }) => micro !== null);
  return (
    <Card className="p-4">
      <div className="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
        <p className="lettering text-muted-foreground">Credits</p>
        <p className="num text-2xl font-semibold tracking-tight">
          {entry.amount > 0n ? '+' : ''}
          {sixDecimals(entry.amount)}
        </p>
      </div>
      <dl className="mt-3 grid grid-cols-[1fr_auto] gap-x-6 gap-y-0.5 border-t border-border pt-3 text-[0.8125rem]">
        {rows.map(({ name, micro, why }) => (
          <div key={name} className="contents">
            <dt className="text-muted-foreground" title={why}>
              {name}
              {why === undefined ? null : <span className="sr-only">: {why}</span>}
            </dt>
            <dd className="num">{micro === null ? '' : sixDecimals(micro)}</dd>
          </div>
        ))}
      </dl>
      {entry.note === null || entry.note === '' ? null : <p className="mt-3 text-[0.8125rem]">{entry.note}</p>}
    </Card>
  );
}

function Related({ related }: { related: ReceiptData['related'] }) {
  if (related.length === 0) return null;
  return (
    <section aria-labelledby="related-title" className="space-y-1">
      <h2 id="related-title" className="text-sm font-semibold">
        Other lines of the same call
      </h2>
      <ul className="divide-y divide-border rounded-lg border border-border bg-card text-[0.8125rem]">
        {related.map((row) => (
          <li key={row.id} className="flex flex-wrap items-baseline justify-between gap-x-4 px-3 py-2">
            <Link href={`/credits/${row.id}`} className="font-medium text-chalk underline underline-offset-2">
              {ENTRY_KIND_NAME[row.kind]}
            </Link>
            <span className="text-muted-foreground">{formatDateTime(row.createdAt)}</span>
            <span className="num">
              {row.amount > 0n ? '+' : ''}
              {sixDecimals(row.amount)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Everything one line of the ledger stands on, each step a link further: entry, call, role, task, difference. */
export function Receipt({ entryId }: { entryId: string }) {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.credits.receipt.queryOptions({ entryId }));
  return (
    <div className="space-y-4">
      <Button size="sm" variant="ghost" asChild className="-ml-2.5">
        <Link href="/credits">
          <ArrowLeft aria-hidden="true" /> Credits
        </Link>
      </Button>
      {error === null ? null : isNotFound(error) ? (
        <EmptyState title="No such receipt">
          <h1 className="sr-only">Receipt not found</h1>
          It does not exist, or it belongs to another organization.
        </EmptyState>
      ) : (
        <ErrorState
          title="The receipt could not be read"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null ? (
        <>
          <h1 className="sr-only">Receipt</h1>
          <SkeletonRows label="Loading the receipt" rows={3} />
        </>
      ) : null}
      {data === undefined ? null : (
        <>
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 className="text-xl font-semibold">{ENTRY_KIND_NAME[data.entry.kind]}</h1>
            {data.related.some(({ kind }) => kind === 'usage_refund') ? (
              <Badge tone="success">refunded as rework</Badge>
            ) : null}
            <time dateTime={data.entry.createdAt.toISOString()} className="text-muted-foreground">
              {formatDateTime(data.entry.createdAt)} UTC
            </time>
          </div>
          <Amounts entry={data.entry} />
          <ReceiptChain receipt={data} />
          <Related related={data.related} />
          <p className="text-[0.75rem] break-all text-muted-foreground">
            Entry <code className="font-mono">{data.entry.id}</code>, key{' '}
            <code className="font-mono">{data.entry.idempotencyKey}</code>
          </p>
        </>
      )}
    </div>
  );
}
