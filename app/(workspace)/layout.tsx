import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import type { ReactNode } from 'react';
import { WorkspaceShell } from '@/components/shell/workspace-shell';
import { currentCaller } from '@/server/api/caller';
import { ASKED_PATH } from './asked-path';
import { readAhead } from './read-ahead';

export default async function WorkspaceLayout({ children }: { children: ReactNode }) {
  const caller = await currentCaller();
  if (caller === null) {
    const path = (await headers()).get(ASKED_PATH) ?? '/projects';
    redirect(`/sign-in?${new URLSearchParams({ callbackUrl: path })}`);
  }
  const state = await readAhead((client, trpc) => [
    client.prefetchQuery(trpc.account.me.queryOptions()),
    client.prefetchQuery(trpc.credits.balance.queryOptions()),
    client.prefetchQuery(trpc.notices.open.queryOptions()),
  ]);
  return (
    <WorkspaceShell organizationId={caller.organizationId} userId={caller.userId} state={state}>
      {children}
    </WorkspaceShell>
  );
}
