'use client';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '@/components/trpc/provider';
import { Callout } from '@/components/ui/callout';

/** For a person who may not buy: who can. */
export function BuyersNote() {
  const trpc = useTRPC();
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  const { data: members } = useQuery(trpc.organizations.members.queryOptions());
  const owners = members?.filter(({ role }) => role === 'owner').map(({ name, email }) => name ?? email) ?? [];
  const team = me?.organization.name ?? 'this team';
  return (
    <Callout tone="info" title="Only an owner can buy">
      {owners.length === 0 ? `Ask an owner of ${team}.` : `Ask ${owners.join(' or ')}, who owns ${team}.`}
    </Callout>
  );
}
