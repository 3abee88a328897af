'use client';
import { MutationCache, QueryCache, QueryClientProvider } from '@tanstack/react-query';
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import { createTRPCContext } from '@trpc/tanstack-react-query';
import { createContext, type ReactNode, useContext, useState } from 'react';
import superjson from 'superjson';
import type { AppRouter } from '@/server/api/root';
import { onceLink } from './once-link';
import { newQueryClient } from './query-client';

const context = createTRPCContext<AppRouter>();
export const useTRPC = context.useTRPC;

const ENDPOINT = '/api/trpc';

/** Queries and mutations travel in batches, subscriptions as server-sent events; both with bigint and Date intact. */
function newTrpcClient(organizationId: string) {
  return createTRPCClient<AppRouter>({
    links: [
      onceLink,
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: httpSubscriptionLink({ url: ENDPOINT, transformer: superjson }),
        false: httpBatchLink({
          url: ENDPOINT,
          transformer: superjson,
          maxURLLength: 4000,
          // The server takes no more calls in one request.
          maxItems: 20,
          headers: { 'x-organization': organizationId },
        }),
      }),
    ],
  });
}

const ShownContext = createContext<string | null>(null);

/** The id of the organization that this page shows, whatever the person has chosen in another window since. */
export function useShownOrganization(): string {
  const shown = useContext(ShownContext);
  if (shown === null) throw new Error('useShownOrganization needs an ApiProvider above it');
  return shown;
}

interface ApiProps {
  /** The organization the page was rendered for: requests act for it or not at all. */
  organizationId: string;
  /** Gets every failure beside the caller: of a question, which may have asked itself, or of a change, which a person made. */
  onError: (error: unknown, of: 'question' | 'change') => void;
  children: ReactNode;
}

export function ApiProvider({ organizationId, onError, children }: ApiProps) {
  // Kept for the life of the page, as what the query client holds is.
  const [shown] = useState(organizationId);
  const [queryClient] = useState(() =>
    newQueryClient({
      queryCache: new QueryCache({ onError: (error) => onError(error, 'question') }),
      mutationCache: new MutationCache({ onError: (error) => onError(error, 'change') }),
    }),
  );
  const [trpcClient] = useState(() => newTrpcClient(shown));
  return (
    <QueryClientProvider client={queryClient}>
      <context.TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        <ShownContext value={shown}>{children}</ShownContext>
      </context.TRPCProvider>
    </QueryClientProvider>
  );
}
