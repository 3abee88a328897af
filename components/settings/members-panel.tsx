'use client';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { formatDate, percentOf } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { mayManage, ROLE_TEXT, ROLES, type Role } from '@/server/organizations/schema';
import { Invitations } from './invitations';
import { ManageMember } from './manage-member';
import { type Member, useOrganization } from './use-settings';

export function MembersPanel() {
  const trpc = useTRPC();
  const organization = useOrganization();
  const members = useQuery(trpc.organizations.members.queryOptions());
  const error = organization.error ?? members.error;
  if (error !== null) {
    const retry = () => void Promise.all([organization.refetch(), members.refetch()]);
    return <ErrorState title="The members could not be loaded" message={errorMessage(error)} onRetry={retry} />;
  }
  if (organization.data === undefined || members.data === undefined) {
    return <SkeletonRows rows={3} label="Loading the members" />;
  }
  const { role, kind } = organization.data;
  if (kind === 'personal') {
    return (
      <EmptyState
        title="This is your personal workspace"
        action={
          <Button asChild variant="primary">
            <Link href="/settings/organization#new-team">Create a team</Link>
          </Button>
        }
      >
        Only you work here. A team has its own projects and credits, and people you invite.
      </EmptyState>
    );
  }
  return (
    <>
      <Section title={`People (${members.data.length})`} titleId="people">
        <Card>
          <ul className="divide-y divide-border">
            {members.data.map((member) => (
              <MemberRow key={member.userId} member={member} role={role} />
            ))}
          </ul>
        </Card>
      </Section>
      {role === 'member' ? (
        <p className="text-[0.8125rem] text-muted-foreground">Owners and admins invite people and set budgets.</p>
      ) : (
        <Invitations role={role} />
      )}
      <Section title="What a role may do" titleId="roles">
        <dl className="grid gap-x-4 gap-y-1 text-[0.8125rem] sm:grid-cols-[auto_1fr]">
          {ROLES.map((name) => (
            <div key={name} className="contents">
              <dt className="font-medium">{ROLE_TEXT[name].name}</dt>
              <dd className="text-muted-foreground max-sm:mb-1">{ROLE_TEXT[name].may}</dd>
            </div>
          ))}
        </dl>
      </Section>
    </>
  );
}

function MemberRow({ member, role }: { member: Member; role: Role }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 p-3">
      <div className="min-w-48 flex-1 max-sm:basis-full">
        <p className="flex flex-wrap items-center gap-1.5 font-medium">
          <span className="min-w-0 break-words">{member.name ?? member.email}</span>
          {member.isMe ? <Badge>you</Badge> : null}
          <Badge tone={member.role === 'owner' ? 'brass' : member.role === 'admin' ? 'chalk' : 'neutral'}>
            {ROLE_TEXT[member.role].name.toLowerCase()}
          </Badge>
        </p>
        <p className="break-all text-[0.75rem] text-muted-foreground">
          {member.name === null ? '' : `${member.email} · `}since {formatDate(member.joinedAt)}
        </p>
      </div>
      {member.usedMicro === null ? null : <Used usedMicro={member.usedMicro} budgetMicro={member.budgetMicro} />}
      {mayManage(role, member.role) ? <ManageMember member={member} role={role} /> : null}
    </li>
  );
}

/** What a member has used of their budget in this period. */
function Used({ usedMicro, budgetMicro }: { usedMicro: bigint; budgetMicro: bigint | null }) {
  const percent = budgetMicro === null ? 0 : percentOf(usedMicro, budgetMicro);
  const isUp = budgetMicro !== null && usedMicro >= budgetMicro;
  return (
    <p className="min-w-28 text-right text-[0.8125rem] max-sm:flex-1 max-sm:text-left">
      <Credits micro={usedMicro} unit /> <span className="text-muted-foreground">used</span>
      <span className={isUp ? 'block text-[0.75rem] text-warning' : 'block text-[0.75rem] text-muted-foreground'}>
        {budgetMicro === null ? (
          'no own limit'
        ) : (
          <>
            {isUp ? 'all of ' : `${percent} % of `}
            <Credits micro={budgetMicro} unit /> a period
          </>
        )}
      </span>
    </p>
  );
}
