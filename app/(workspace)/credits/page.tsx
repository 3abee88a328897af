import type { Metadata } from 'next';
import { BalanceCard } from '@/components/credits/balance-card';
import { History } from '@/components/credits/history';
import { UsageReport } from '@/components/credits/usage-report';

export const metadata: Metadata = { title: 'Credits' };

export default function CreditsPage() {
  return (
    <main id="content" className="mx-auto w-full max-w-5xl space-y-6 px-4 py-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Credits</h1>
        <p className="text-muted-foreground">
          Each line names the call it paid for. Rejected attempts are absorbed and cost you nothing.
        </p>
      </div>
      <BalanceCard />
      <UsageReport />
      <History />
    </main>
  );
}
