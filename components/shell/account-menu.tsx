'use client';
import { useMutation } from '@tanstack/react-query';
import { CircleUserRound, Coins, CreditCard, FolderOpen, Gauge, LogOut, MonitorX, Settings } from 'lucide-react';
import Link from 'next/link';
import { signOut } from 'next-auth/react';
import { toast } from 'sonner';
import { useForgetDrafts } from '@/components/drafts/use-draft';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Me } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu';
import { OrganizationItems } from './organization-switcher';

export function AccountMenu({ me }: { me: Me | undefined }) {
  const trpc = useTRPC();
  const forgetDrafts = useForgetDrafts();
  const everywhere = useMutation(
    trpc.account.signOutEverywhere.mutationOptions({
      onSuccess: () => {
        forgetDrafts();
        window.location.assign('/');
      },
      onError: (error) => toast.error(errorMessage(error)),
    }),
  );
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label="Account">
          <CircleUserRound aria-hidden="true" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuLabel>
          <span className="block text-sm font-medium text-foreground">
            {me?.user.name ?? me?.user.email ?? 'Signed in'}
          </span>
          <span className="block">{me?.user.email}</span>
          <span className="block">
            {me?.organization.name} · {me?.organization.role}
          </span>
        </DropdownMenuLabel>
        <DropdownMenuSeparator />
        {me !== undefined && me.organizations.length > 1 ? (
          <>
            <OrganizationItems me={me} />
            <DropdownMenuSeparator />
          </>
        ) : null}
        <DropdownMenuItem asChild>
          <Link href="/projects">
            <FolderOpen aria-hidden="true" /> Projects
          </Link>
        </DropdownMenuItem>
        <DropdownMenuItem asChild>
          <Link href="/credits">
            <Coins aria-hidden="true" /> Credits
          </Link>
        </DropdownMenuItem>
        <DropdownMenuItem asChild>
          <Link href="/settings/billing">
            <CreditCard aria-hidden="true" /> Plan and billing
          </Link>
        </DropdownMenuItem>
        {me?.isOperator === true ? (
          <DropdownMenuItem asChild>
            <Link href="/operator">
              <Gauge aria-hidden="true" /> Operator
            </Link>
          </DropdownMenuItem>
        ) : null}
        <DropdownMenuItem asChild>
          <Link href="/settings/organization">
            <Settings aria-hidden="true" /> Settings
          </Link>
        </DropdownMenuItem>
        <DropdownMenuSeparator />
        <DropdownMenuItem
          onSelect={() => {
            forgetDrafts();
            void signOut({ callbackUrl: '/' });
          }}
        >
          <LogOut aria-hidden="true" /> Sign out
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => everywhere.mutate()}>
          <MonitorX aria-hidden="true" /> Sign out everywhere
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
