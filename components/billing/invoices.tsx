'use client';
import { useQuery } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge, type BadgeTone } from '@/components/ui/badge';
import { Section } from '@/components/ui/card';
import { Cell, DataTable } from '@/components/ui/data-table';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { formatDate } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { formatUsd } from '@/server/billing/schema';
import type { Overview } from './change-terms';
import { PortalButton } from './portal-button';

type Invoice = Outputs['billing']['invoices'][number];

const COLUMNS = [
  { name: 'Date', wide: true },
  { name: 'For' },
  { name: 'State' },
  { name: 'Amount', numeric: true },
  { name: 'Document', wide: true },
];

const TONES: Record<string, BadgeTone> = { paid: 'success', open: 'warning', uncollectible: 'danger' };

/** Payment method, invoices and receipts; the payment service keeps the documents. */
export function Invoices({ overview }: { overview: Overview }) {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.billing.invoices.queryOptions());
  const { portal, mock, canChange } = overview;
  return (
    <Section
      title="Invoices and payment method"
      titleId="invoices-title"
      aside={portal && canChange ? <PortalButton size="sm" /> : null}
    >
      {portal ? null : (
        <p className="mb-2 text-[0.8125rem] text-muted-foreground">
          {mock
            ? 'Payment method: none needed, local test payments take no card. Receipts below are of test purchases.'
            : 'Payment method: none yet, it is asked for with the first payment.'}
        </p>
      )}
      {error !== null && data === undefined ? (
        <ErrorState
          title="The invoices could not be read"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      ) : null}
      {data === undefined && error === null ? <SkeletonRows rows={2} label="Loading the invoices" /> : null}
      {data?.length === 0 ? (
        <EmptyState className="py-6" title="No invoices yet">
          Each payment brings one.
        </EmptyState>
      ) : null}
      {data !== undefined && data.length > 0 ? (
        <DataTable label="Invoices, newest first" columns={COLUMNS}>
          {data.map((invoice) => (
            <Row key={invoice.id} invoice={invoice} />
          ))}
        </DataTable>
      ) : null}
    </Section>
  );
}

function Row({ invoice }: { invoice: Invoice }) {
  return (
    <tr>
      <Cell wide className="whitespace-nowrap text-muted-foreground">
        <time dateTime={invoice.createdAt.toISOString()}>{formatDate(invoice.createdAt)}</time>
      </Cell>
      <Cell>
        {invoice.description}
        {invoice.number === null ? null : <span className="text-muted-foreground"> · {invoice.number}</span>}
        <span className="block text-[0.75rem] text-muted-foreground sm:hidden">
          {formatDate(invoice.createdAt)} <Documents invoice={invoice} />
        </span>
      </Cell>
      <Cell>
        <Badge tone={TONES[invoice.status] ?? 'neutral'}>{invoice.status}</Badge>
      </Cell>
      <Cell numeric>{formatUsd(invoice.amountCents)}</Cell>
      <Cell wide>
        {invoice.url === null && invoice.pdfUrl === null ? <span className="text-muted-foreground">none</span> : null}
        <Documents invoice={invoice} />
      </Cell>
    </tr>
  );
}

function Documents({ invoice }: { invoice: Invoice }) {
  const name = invoice.number ?? formatDate(invoice.createdAt);
  const link = (href: string, text: string) => (
    <a
      className="mr-2 inline-flex items-center gap-1 text-chalk underline underline-offset-2"
      href={href}
      target="_blank"
      rel="noreferrer"
      aria-label={`${text} of ${name}`}
    >
      {text} <ExternalLink aria-hidden="true" className="size-3" />
    </a>
  );
  return (
    <>
      {invoice.url === null ? null : link(invoice.url, 'Invoice')}
      {invoice.pdfUrl === null ? null : link(invoice.pdfUrl, 'PDF')}
    </>
  );
}
