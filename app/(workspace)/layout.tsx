import { redirect } from 'next/navigation';
import type { ReactNode } from 'react';
import { WorkspaceShell } from '@/components/shell/workspace-shell';
import { currentCaller } from '@/server/api/caller';

export default async function WorkspaceLayout({ children }: { children: ReactNode }) {
  if ((await currentCaller()) === null) redirect('/sign-in?callbackUrl=/projects');
  return <WorkspaceShell>{children}</WorkspaceShell>;
}
