'use client';
import { type DehydratedState, HydrationBoundary } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useShownOrganization } from './provider';

interface Props {
  /** The organization that the server read as. */
  organizationId: string | null;
  state: DehydratedState;
  children: ReactNode;
}

/**
 * Gives what the server has read to the queries of a page. A window that shows another organization takes nothing: its queries
 * ask for themselves and are refused (docs/decisions/0017).
 */
export function HydrateFor({ organizationId, state, children }: Props) {
  const shown = useShownOrganization();
  return <HydrationBoundary state={organizationId === shown ? state : undefined}>{children}</HydrationBoundary>;
}
