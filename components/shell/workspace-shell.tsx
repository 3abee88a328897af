'use client';
import { type DehydratedState, useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import Link from 'next/link';
import { type ReactNode, useRef, useState } from 'react';
import { AccessDeniedProvider } from '@/components/access/access-denied';
import { PlumbMark } from '@/components/brand/plumb-mark';
import { NoticeBanner } from '@/components/credits/notice-banner';
import { DraftsOf } from '@/components/drafts/use-draft';
import { isSignedOut } from '@/components/trpc/error-message';
import { HydrateFor } from '@/components/trpc/hydrate-for';
import { ApiProvider, useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Toaster } from '@/components/ui/toaster';
import { Tooltip, TooltipProvider } from '@/components/ui/tooltip';
import { AccountMenu } from './account-menu';
import { BalanceWidget } from './balance-widget';
import { CommandPalette } from './command-palette';
import { type OrganizationChange, OrganizationChangedDialog, organizationChange } from './organization-changed';
import { OrganizationSwitcher } from './organization-switcher';
import { ProjectSwitcher } from './project-switcher';
import { ThemeToggle } from './theme-toggle';

function Header() {
  const trpc = useTRPC();
  const { data: me } = useQuery(trpc.account.me.queryOptions());
  return (
    <header className="sticky top-0 z-40 flex h-12 shrink-0 items-center gap-1.5 border-b border-border bg-background/95 px-3 backdrop-blur-sm sm:px-4">
      <Link
        href="/projects"
        aria-label="Plumbline, all projects"
        className="flex items-center gap-2 rounded-sm p-1 font-semibold tracking-tight"
      >
        <PlumbMark className="h-6 w-3.5" />
        <span className="max-sm:hidden">Plumbline</span>
      </Link>
      <span aria-hidden="true" className="ml-1 h-4 w-px rotate-12 bg-border" />
      <OrganizationSwitcher me={me} />
      <ProjectSwitcher />
      <div className="ml-auto flex shrink-0 items-center gap-1">
        {me?.demo === true ? (
          <Tooltip content="No model key is set: an offline demo model answers. It builds the six example projects.">
            <button
              type="button"
              className="flex min-h-6 items-center rounded-sm"
              aria-label="Demo: an offline demo model answers on this instance. It builds the six example projects."
            >
              <Badge tone="brass">
                <FlaskConical aria-hidden="true" />
                demo
              </Badge>
            </button>
          </Tooltip>
        ) : null}
        <CommandPalette />
        <BalanceWidget />
        <ThemeToggle />
        <AccountMenu me={me} />
      </div>
    </header>
  );
}

/** Leads to the sign-in page, and from there back to what is shown now. */
function signInAgain(): void {
  const { pathname, search } = window.location;
  window.location.assign(`/sign-in?${new URLSearchParams({ callbackUrl: `${pathname}${search}` })}`);
}

/** Everything behind sign-in, for one person in one organization. `state`: what the server has read for the header. */
export function WorkspaceShell({
  organizationId,
  userId,
  state,
  children,
}: {
  organizationId: string;
  userId: string;
  state: DehydratedState;
  children: ReactNode;
}) {
  const [change, setChange] = useState<OrganizationChange | null>(null);
  const closedAt = useRef<string | null>(null);
  const onError = (error: unknown, of: 'question' | 'change') => {
    if (isSignedOut(error)) signInAgain();
    const changed = organizationChange(error);
    // What a page asks by itself now and then does not open again what a person has closed there, over what they type.
    if (changed !== null && (of === 'change' || closedAt.current !== window.location.pathname)) setChange(changed);
  };
  const close = () => {
    closedAt.current = window.location.pathname;
    setChange(null);
  };
  return (
    <ApiProvider organizationId={organizationId} onError={onError}>
      <TooltipProvider delayDuration={300}>
        <a
          href="#content"
          className="sr-only z-50 rounded-md bg-primary px-3 py-2 text-primary-foreground focus:not-sr-only focus:fixed focus:left-2 focus:top-2"
        >
          Skip to content
        </a>
        <DraftsOf userId={userId}>
          <AccessDeniedProvider>
            <div className="flex min-h-dvh flex-col">
              <HydrateFor organizationId={organizationId} state={state}>
                <Header />
                <NoticeBanner />
              </HydrateFor>
              {children}
            </div>
          </AccessDeniedProvider>
        </DraftsOf>
        {change === null ? null : <OrganizationChangedDialog change={change} onClose={close} />}
        <Toaster />
      </TooltipProvider>
    </ApiProvider>
  );
}
