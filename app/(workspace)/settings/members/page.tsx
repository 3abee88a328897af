import type { Metadata } from 'next';
import { MembersPanel } from '@/components/settings/members-panel';

export const metadata: Metadata = { title: 'Members' };

export default function MembersPage() {
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Members</h1>
        <p className="text-muted-foreground">Who works here, what they may do, and what they may spend.</p>
      </div>
      <MembersPanel />
    </main>
  );
}
