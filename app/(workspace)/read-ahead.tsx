import 'server-only';
import { type DehydratedState, dehydrate, type QueryClient } from '@tanstack/react-query';
import { createTRPCOptionsProxy, type TRPCOptionsProxy } from '@trpc/tanstack-react-query';
import type { ReactNode } from 'react';
import { HydrateFor } from '@/components/trpc/hydrate-for';
import { newQueryClient } from '@/components/trpc/query-client';
import { currentCaller } from '@/server/api/caller';
import { type AppRouter, appRouter } from '@/server/api/root';
import { newRequestId } from '@/server/api/trpc';

/** Names what is read, with the same query options that the components use. */
export type Ask = (client: QueryClient, trpc: TRPCOptionsProxy<AppRouter>) => Promise<void>[];

/** Reads queries as the caller of this request. One that fails is left out: the browser asks again and shows why. */
export async function readAhead(ask: Ask): Promise<DehydratedState> {
  const client = newQueryClient();
  const ctx = { requestId: newRequestId(), caller: await currentCaller() };
  await Promise.all(ask(client, createTRPCOptionsProxy({ router: appRouter, ctx, queryClient: client })));
  return dehydrate(client);
}

/** Its children arrive with their data in the first HTML; from there the browser keeps it current. */
export async function ReadAhead({ ask, children }: { ask: Ask; children: ReactNode }) {
  const [state, caller] = await Promise.all([readAhead(ask), currentCaller()]);
  return (
    <HydrateFor organizationId={caller?.organizationId ?? null} state={state}>
      {children}
    </HydrateFor>
  );
}
