import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { CheckoutFrame } from '@/components/billing/checkout-frame';
import { PlanResult } from '@/components/billing/plan-result';
import { PurchaseResult } from '@/components/billing/purchase-live-state';
import { type CheckoutSearch, checkoutQuery } from '../checkout-query';

export const metadata: Metadata = { title: 'Payment cancelled' };

export default async function CheckoutCancelledPage({ searchParams }: { searchParams: CheckoutSearch }) {
  const { purchase, plan, organization, returnTo } = await checkoutQuery(searchParams);
  if (purchase !== undefined)
    return (
      <CheckoutFrame title="Payment cancelled">
        <PurchaseResult purchaseId={purchase} cancelled />
      </CheckoutFrame>
    );
  if (plan === undefined) notFound();
  return (
    <CheckoutFrame title="Payment cancelled">
      <PlanResult planId={plan} organizationId={organization} returnTo={returnTo} cancelled />
    </CheckoutFrame>
  );
}
