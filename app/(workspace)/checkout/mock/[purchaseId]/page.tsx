import type { Metadata } from 'next';
import { CheckoutFrame } from '@/components/billing/checkout-frame';
import { MockCheckout } from '@/components/billing/mock-checkout';
import { ReadAhead } from '../../../read-ahead';

export const metadata: Metadata = { title: 'Local test payment' };

export default async function MockCheckoutPage({ params }: { params: Promise<{ purchaseId: string }> }) {
  const { purchaseId } = await params;
  return (
    <CheckoutFrame title="Checkout">
      <ReadAhead ask={(client, trpc) => [client.prefetchQuery(trpc.billing.purchase.queryOptions({ purchaseId }))]}>
        <MockCheckout purchaseId={purchaseId} />
      </ReadAhead>
    </CheckoutFrame>
  );
}
