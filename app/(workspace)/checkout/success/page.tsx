import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { CheckoutFrame } from '@/components/billing/checkout-frame';
import { PlanResult } from '@/components/billing/plan-result';
import { PurchaseResult } from '@/components/billing/purchase-live-state';
import { ReadAhead } from '../../read-ahead';
import { type CheckoutSearch, checkoutQuery } from '../checkout-query';

export const metadata: Metadata = { title: 'Payment' };

export default async function CheckoutSuccessPage({ searchParams }: { searchParams: CheckoutSearch }) {
  const { purchase, plan, organization, returnTo } = await checkoutQuery(searchParams);
  if (purchase !== undefined)
    return (
      <CheckoutFrame title="Your purchase">
        <ReadAhead
          ask={(client, trpc) => [client.prefetchQuery(trpc.billing.purchase.queryOptions({ purchaseId: purchase }))]}
        >
          <PurchaseResult purchaseId={purchase} />
        </ReadAhead>
      </CheckoutFrame>
    );
  if (plan === undefined) notFound();
  return (
    <CheckoutFrame title="Your plan">
      <ReadAhead ask={(client, trpc) => [client.prefetchQuery(trpc.billing.overview.queryOptions())]}>
        <PlanResult planId={plan} organizationId={organization} returnTo={returnTo} />
      </ReadAhead>
    </CheckoutFrame>
  );
}
