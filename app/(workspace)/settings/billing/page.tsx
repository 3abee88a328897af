import type { Metadata } from 'next';
import { BillingPanel } from '@/components/billing/billing-panel';
import { type Ask, ReadAhead } from '../../read-ahead';
import { type BillingSearch, billingQuery } from './billing-query';

export const metadata: Metadata = { title: 'Plan and billing' };

const ask: Ask = (client, trpc) => [
  client.prefetchQuery(trpc.billing.overview.queryOptions()),
  client.prefetchQuery(trpc.billing.plans.queryOptions()),
  client.prefetchQuery(trpc.catalogue.pricing.queryOptions()),
  client.prefetchQuery(trpc.account.me.queryOptions()),
  client.prefetchQuery(trpc.organizations.members.queryOptions()),
  client.prefetchInfiniteQuery(
    trpc.billing.purchases.infiniteQueryOptions(
      { limit: 20 },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  ),
];

export default async function BillingPage({ searchParams }: { searchParams: BillingSearch }) {
  const { plan, returnTo } = await billingQuery(searchParams);
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Plan and billing</h1>
        <p className="text-muted-foreground">What this organization has, what it pays, and how to change either.</p>
      </div>
      <ReadAhead ask={ask}>
        <BillingPanel wantedPlan={plan} returnTo={returnTo} />
      </ReadAhead>
    </main>
  );
}
