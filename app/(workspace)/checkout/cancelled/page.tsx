import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { CheckoutFrame } from '@/components/billing/checkout-frame';
import { PlanResult } from '@/components/billing/plan-result';
import { PurchaseResult } from '@/components/billing/purchase-live-state';
import { ReadAhead } from '../../read-ahead';
import { type CheckoutSearch, checkoutQuery } from '../checkout-query';

export const metadata: Metadata = { title: 'Payment cancelled' };

export default async function CheckoutCancelledPage({ searchParams }: { searchParams: CheckoutSearch }) {
  const { purchase, plan, organization, returnTo } = await checkoutQuery(searchParams);
  if (purchase !== undefined)
    return (
      <CheckoutFrame title="Payment cancelled">
        <ReadAhead
          ask={(client, trpc) => [client.prefetchQuery(trpc.billing.purchase.queryOptions({ purchaseId: purchase }))]}
        >
          <PurchaseResult purchaseId={purchase} cancelled />
        </ReadAhead>
      </CheckoutFrame>
    );
  if (plan === undefined) notFound();
  return (
    <CheckoutFrame title="Payment cancelled">
      <ReadAhead ask={(client, trpc) => [client.prefetchQuery(trpc.billing.overview.queryOptions())]}>
        <PlanResult planId={plan} organizationId={organization} returnTo={returnTo} cancelled />
      </ReadAhead>
    </CheckoutFrame>
  );
}
