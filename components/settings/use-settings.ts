'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';

export type OrganizationView = Outputs['organizations']['view'];
export type Member = Outputs['organizations']['members'][number];

/** The organization the settings are about, and the role of the person who looks. */
export function useOrganization() {
  const trpc = useTRPC();
  return useQuery(trpc.organizations.view.queryOptions());
}

/** What every change of settings does afterwards: shows the new state and says so, or says why not. */
export function useOutcome(saved: string) {
  const trpc = useTRPC();
  const client = useQueryClient();
  return {
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: trpc.organizations.pathKey() }),
        client.invalidateQueries({ queryKey: trpc.account.pathKey() }),
      ]);
      toast.success(saved);
    },
    onError: (error: unknown) => void toast.error(errorMessage(error)),
  };
}
