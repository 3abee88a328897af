'use client';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '@/components/trpc/provider';
import { Section } from '@/components/ui/card';

/** Whether this instance runs the commands of projects, and if not, why. */
export function Execution() {
  const trpc = useTRPC();
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  if (me === undefined) return null;
  return (
    <Section title="Commands of projects" titleId="execution">
      <p className="text-sm">{me.sandbox.description}</p>
    </Section>
  );
}
