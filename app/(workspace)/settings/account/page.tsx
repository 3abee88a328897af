import type { Metadata } from 'next';
import { AccountPanel } from '@/components/settings/account-panel';
import { type Ask, ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Account' };

const ask: Ask = (client, trpc) => [
  client.prefetchQuery(trpc.account.me.queryOptions()),
  client.prefetchQuery(trpc.account.deletion.queryOptions()),
];

export default function AccountPage() {
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Account</h1>
        <p className="text-muted-foreground">You, across all organizations.</p>
      </div>
      <ReadAhead ask={ask}>
        <AccountPanel />
      </ReadAhead>
    </main>
  );
}
