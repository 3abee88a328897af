'use client';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '@/components/trpc/provider';
import { Callout } from '@/components/ui/callout';
import { Section } from '@/components/ui/card';
import { Skeleton } from '@/components/ui/skeleton';

/** Whether this instance runs the commands of projects, and if not, why. */
export function Execution() {
  const trpc = useTRPC();
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  return (
    <Section title="Commands of projects" titleId="execution">
      {me === undefined ? (
        <Skeleton className="h-16" />
      ) : me.sandbox.available ? (
        <Callout tone="success" title="Checks run in a cage">
          {me.sandbox.description} They have no network and see nothing of this server.
        </Callout>
      ) : (
        <Callout tone="warning" title="Checks only parse files">
          {me.sandbox.description} The operator guide says what is needed, under “Running other people’s code”.
        </Callout>
      )}
    </Section>
  );
}
