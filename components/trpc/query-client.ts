import { type MutationCache, type QueryCache, QueryClient } from '@tanstack/react-query';
import { TRPCClientError } from '@trpc/client';
import superjson from 'superjson';
import { askAgain } from './ask-again';

/** What the server refuses, it refuses again: only lost connections and its own failures are worth a second try. */
function isWorthRetrying(failures: number, error: unknown): boolean {
  if (failures >= 2) return false;
  if (!(error instanceof TRPCClientError)) return true;
  const status: unknown = error.data?.httpStatus;
  return typeof status !== 'number' || status >= 500;
}

/** The same on the server, which reads ahead for a page, and in the browser, which takes over from there. */
export function newQueryClient(caches: { queryCache?: QueryCache; mutationCache?: MutationCache } = {}): QueryClient {
  return new QueryClient({
    ...caches,
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: isWorthRetrying,
        refetchInterval: askAgain,
      },
      // Kept for when the network is back, a change would be made that the person has given up since.
      mutations: { retry: false, networkMode: 'always' },
      // Amounts are bigint and times are Date on both sides.
      dehydrate: { serializeData: superjson.serialize },
      hydrate: { deserializeData: superjson.deserialize },
    },
  });
}
