import type { Metadata } from 'next';
import { AccountPanel } from '@/components/settings/account-panel';

export const metadata: Metadata = { title: 'Account' };

export default function AccountPage() {
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Account</h1>
        <p className="text-muted-foreground">You, across all organizations.</p>
      </div>
      <AccountPanel />
    </main>
  );
}
