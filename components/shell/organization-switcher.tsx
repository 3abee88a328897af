'use client';
import { Building2, Check, ChevronsUpDown, Settings, UserRound } from 'lucide-react';
import Link from 'next/link';
import { toast } from 'sonner';
import { switchOrganization } from '@/components/settings/switch-organization';
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

/** Which organization one works in, shown as soon as there is a choice. On a phone the account menu has the same entries. */
export function OrganizationSwitcher({ me }: { me: Me | undefined }) {
  if (me === undefined || me.organizations.length < 2) return null;
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="sm"
          className="min-w-0 max-w-44 shrink text-muted-foreground max-md:hidden"
          aria-label={`Switch organization, now: ${me.organization.name}`}
          title={me.organization.name}
        >
          <span className="truncate">{me.organization.name}</span>
          <ChevronsUpDown aria-hidden="true" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start" className="w-64">
        <OrganizationItems me={me} />
        <DropdownMenuSeparator />
        <DropdownMenuItem asChild>
          <Link href="/settings/organization">
            <Settings aria-hidden="true" /> Organization settings
          </Link>
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}

/** One entry for each organization; the present one is marked. */
export function OrganizationItems({ me }: { me: Me }) {
  const go = (organizationId: string) =>
    switchOrganization(organizationId).catch((error: unknown) =>
      toast.error(error instanceof Error ? error.message : 'Something went wrong. Try again.'),
    );
  return (
    <>
      <DropdownMenuLabel>Organizations</DropdownMenuLabel>
      {me.organizations.map(({ id, name, kind, role }) => {
        const isCurrent = id === me.organization.id;
        return (
          <DropdownMenuItem key={id} onSelect={() => (isCurrent ? undefined : void go(id))}>
            {kind === 'team' ? <Building2 aria-hidden="true" /> : <UserRound aria-hidden="true" />}
            <span className="min-w-0 flex-1 truncate">{name}</span>
            <span className="text-[0.75rem] text-muted-foreground">{kind === 'team' ? role : 'personal'}</span>
            {isCurrent ? <Check aria-label="current" /> : null}
          </DropdownMenuItem>
        );
      })}
    </>
  );
}
