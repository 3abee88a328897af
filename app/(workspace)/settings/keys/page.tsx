import type { Metadata } from 'next';
import { KeysPanel } from '@/components/settings/keys-panel';

export const metadata: Metadata = { title: 'Provider keys' };

export default function KeysPage() {
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Provider keys</h1>
        <p className="text-muted-foreground">
          Calls on your own provider key are paid to the provider and cost no credits beyond this instance’s platform
          fee.
        </p>
      </div>
      <KeysPanel />
    </main>
  );
}
