import type { Metadata } from 'next';
import { BalanceCard } from '@/components/credits/balance-card';
import { History } from '@/components/credits/history';
import { HISTORY_PAGE, REPORT_OPENS_WITH_DAYS, readHistoryFilter } from '@/components/credits/history-filter';
import { UsageReport } from '@/components/credits/usage-report';
import { REPORT_DAYS } from '@/server/credits/schema';
import { ReadAhead } from '../read-ahead';

export const metadata: Metadata = { title: 'Credits' };

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function CreditsPage({ searchParams }: Props) {
  const asked = Object.entries(await searchParams).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  const filter = readHistoryFilter(new URLSearchParams(asked));
  return (
    <main id="content" className="mx-auto w-full max-w-5xl space-y-6 px-4 py-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Credits</h1>
        <p className="text-muted-foreground">
          Each line names the call it paid for. Rejected attempts are absorbed and cost you nothing.
        </p>
      </div>
      <ReadAhead
        ask={(client, trpc) => [
          client.prefetchQuery(trpc.credits.balance.queryOptions()),
          client.prefetchQuery(trpc.account.me.queryOptions()),
          client.prefetchQuery(trpc.projects.list.queryOptions({})),
          ...[REPORT_OPENS_WITH_DAYS, REPORT_DAYS].map((days) =>
            client.prefetchQuery(trpc.credits.report.queryOptions({ days })),
          ),
          client.prefetchInfiniteQuery(
            trpc.credits.history.infiniteQueryOptions(
              { limit: HISTORY_PAGE, ...filter },
              { getNextPageParam: (page) => page.nextCursor ?? undefined },
            ),
          ),
        ]}
      >
        <BalanceCard />
        <UsageReport />
        <History />
      </ReadAhead>
    </main>
  );
}
