import type { Metadata } from 'next';
import { Receipt } from '@/components/credits/receipt';
import { ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Receipt' };

export default async function ReceiptPage({ params }: { params: Promise<{ entryId: string }> }) {
  const { entryId } = await params;
  return (
    <main id="content" className="mx-auto w-full max-w-3xl px-4 py-6">
      <ReadAhead ask={(client, trpc) => [client.prefetchQuery(trpc.credits.receipt.queryOptions({ entryId }))]}>
        <Receipt entryId={entryId} />
      </ReadAhead>
    </main>
  );
}
