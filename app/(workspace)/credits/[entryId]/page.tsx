import type { Metadata } from 'next';
import { Receipt } from '@/components/credits/receipt';

export const metadata: Metadata = { title: 'Receipt' };

export default async function ReceiptPage({ params }: { params: Promise<{ entryId: string }> }) {
  const { entryId } = await params;
  return (
    <main id="content" className="mx-auto w-full max-w-3xl px-4 py-6">
      <Receipt entryId={entryId} />
    </main>
  );
}
