'use client';
import { useQueryClient } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useTRPC } from '@/components/trpc/provider';

/** What every change by an operator does once it is made: the lists are read again, a word says so, the form closes. */
export function useSaved(close: () => void) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return async (message: string) => {
    await Promise.all(
      [trpc.operator, trpc.catalogue, trpc.billing, trpc.credits].map((part) =>
        queryClient.invalidateQueries(part.pathFilter()),
      ),
    );
    // Two clicks have one effect, and one word.
    toast.success(message, { id: message });
    close();
  };
}
