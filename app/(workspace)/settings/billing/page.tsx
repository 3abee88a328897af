import type { Metadata } from 'next';
import { BillingPanel } from '@/components/billing/billing-panel';
import { type BillingSearch, billingQuery } from './billing-query';

export const metadata: Metadata = { title: 'Plan and billing' };

export default async function BillingPage({ searchParams }: { searchParams: BillingSearch }) {
  const { plan, returnTo } = await billingQuery(searchParams);
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Plan and billing</h1>
        <p className="text-muted-foreground">What this organization has, what it pays, and how to change either.</p>
      </div>
      <BillingPanel wantedPlan={plan} returnTo={returnTo} />
    </main>
  );
}
