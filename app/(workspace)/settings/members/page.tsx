import type { Metadata } from 'next';
import { MembersPanel } from '@/components/settings/members-panel';
import { currentCaller } from '@/server/api/caller';
import { ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Members' };

export default async function MembersPage() {
  const role = (await currentCaller())?.role;
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Members</h1>
        <p className="text-muted-foreground">Who works here, what they may do, and what they may spend.</p>
      </div>
      <ReadAhead
        ask={(client, trpc) => [
          client.prefetchQuery(trpc.organizations.view.queryOptions()),
          client.prefetchQuery(trpc.organizations.members.queryOptions()),
          // Invitations are for those who send them.
          ...(role === 'member' ? [] : [client.prefetchQuery(trpc.organizations.invitations.queryOptions())]),
        ]}
      >
        <MembersPanel />
      </ReadAhead>
    </main>
  );
}
