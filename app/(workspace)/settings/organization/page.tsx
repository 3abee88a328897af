import type { Metadata } from 'next';
import { OrganizationPanel } from '@/components/settings/organization-panel';
import { type Ask, ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Organization' };

const ask: Ask = (client, trpc) => [
  client.prefetchQuery(trpc.organizations.view.queryOptions()),
  client.prefetchQuery(trpc.notices.enabled.queryOptions()),
];

export default function OrganizationPage() {
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Organization</h1>
        <p className="text-muted-foreground">What this organization is called, its notices, and teams of your own.</p>
      </div>
      <ReadAhead ask={ask}>
        <OrganizationPanel />
      </ReadAhead>
    </main>
  );
}
