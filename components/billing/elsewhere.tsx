'use client';
import { toast } from 'sonner';
import { switchOrganization } from '@/components/settings/switch-organization';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';

/** What this page shows belongs to an organization that is not the active one. `to`: this page, to see it there. */
export function Elsewhere({ of, what, to }: { of: { id: string; name: string }; what: string; to: string }) {
  const go = () =>
    switchOrganization(of.id, to).catch((error: unknown) =>
      toast.error(error instanceof Error ? error.message : 'Something went wrong. Try again.'),
    );
  return (
    <Callout
      tone="info"
      className="[overflow-wrap:anywhere]"
      title={`${what} belongs to “${of.name}”`}
      actions={
        <Button variant="primary" className="h-auto min-h-8 whitespace-normal" onClick={() => void go()}>
          Switch to {of.name}
        </Button>
      }
    >
      You are working in another organization at the moment.
    </Callout>
  );
}
