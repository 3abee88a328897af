'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { FieldError, Input, Label, Select } from '@/components/ui/field';
import { formatDate } from '@/components/ui/format';
import { Skeleton } from '@/components/ui/skeleton';
import { INVITATION_DAYS, inviteSchema, mayManage, ROLE_TEXT, ROLES, type Role } from '@/server/organizations/schema';
import { ConfirmDialog } from './confirm-dialog';
import { useOutcome } from './use-settings';

/** Inviting by mail, and what was sent and not taken yet. For admins and owners. */
export function Invitations({ role }: { role: Role }) {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.organizations.invitations.queryOptions());
  return (
    <Section title="Invitations" titleId="invitations">
      <Card className="divide-y divide-border">
        <InviteForm role={role} />
        {error !== null && data === undefined ? (
          <ErrorState
            title="Open invitations could not be loaded"
            message={errorMessage(error)}
            onRetry={() => void refetch()}
          />
        ) : null}
        {data === undefined && error === null ? <Skeleton className="m-3 h-10" /> : null}
        {data?.length === 0 ? (
          <p className="p-3 text-[0.8125rem] text-muted-foreground">No open invitations.</p>
        ) : (
          <ul className="divide-y divide-border">
            {data?.map((invitation) => (
              <InvitationRow key={invitation.id} invitation={invitation} role={role} />
            ))}
          </ul>
        )}
      </Card>
    </Section>
  );
}

function InviteForm({ role }: { role: Role }) {
  const trpc = useTRPC();
  const { onSuccess } = useOutcome('The invitation is on its way.');
  const form = useForm({ resolver: zodResolver(inviteSchema), defaultValues: { email: '', role: 'member' as Role } });
  const problem = form.formState.errors.email?.message;
  const invite = useMutation(
    trpc.organizations.invite.mutationOptions({
      onSuccess: async () => {
        form.resetField('email');
        await onSuccess();
      },
      onError: (error) => form.setError('email', { message: errorMessage(error) }),
    }),
  );
  return (
    <form
      onSubmit={form.handleSubmit((wish) => invite.mutate(wish))}
      noValidate
      aria-label="Invite"
      className="flex flex-wrap items-end gap-3 p-3"
    >
      <div className="min-w-52 flex-[3]">
        <Label htmlFor="invite-email">E-mail address</Label>
        <Input
          id="invite-email"
          type="email"
          autoComplete="off"
          aria-invalid={problem !== undefined}
          aria-describedby="invite-problem invite-note"
          {...form.register('email')}
        />
      </div>
      <div className="min-w-32 flex-1">
        <Label htmlFor="invite-role">Role</Label>
        <Select id="invite-role" {...form.register('role')}>
          {[...ROLES]
            .reverse()
            .filter((name) => mayManage(role, name))
            .map((name) => (
              <option key={name} value={name}>
                {ROLE_TEXT[name].name}
              </option>
            ))}
        </Select>
      </div>
      <Button type="submit" variant="primary" disabled={invite.isPending}>
        {invite.isPending ? 'Sending…' : 'Invite'}
      </Button>
      <div className="w-full">
        <FieldError id="invite-problem">{problem}</FieldError>
        <p id="invite-note" className="text-[0.75rem] text-muted-foreground">
          They get a link by mail: for this address only, once, for {INVITATION_DAYS} days.
        </p>
      </div>
    </form>
  );
}

function InvitationRow({
  invitation,
  role,
}: {
  invitation: Outputs['organizations']['invitations'][number];
  role: Role;
}) {
  const trpc = useTRPC();
  const resend = useMutation(
    trpc.organizations.resend.mutationOptions(useOutcome('The letter was sent again, with a new link.')),
  );
  const revoke = useMutation(trpc.organizations.revoke.mutationOptions(useOutcome('The invitation is withdrawn.')));
  const { id: invitationId, email, expired, expiresAt } = invitation;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 p-3">
      <div className="min-w-48 flex-1">
        <p className="break-all font-medium">{email}</p>
        <p className="flex flex-wrap items-center gap-1.5 text-[0.75rem] text-muted-foreground">
          {ROLE_TEXT[invitation.role].name.toLowerCase()} · {expired ? 'ended' : 'until'} {formatDate(expiresAt)}
          {expired ? <Badge tone="warning">expired</Badge> : null}
        </p>
      </div>
      {mayManage(role, invitation.role) ? (
        <div className="flex gap-2">
          <Button
            size="sm"
            aria-label={`Send the letter to ${email} again`}
            disabled={resend.isPending}
            onClick={() => resend.mutate({ invitationId })}
          >
            Send again
          </Button>
          <ConfirmDialog
            trigger={
              <Button size="sm" variant="danger" aria-label={`Withdraw the invitation of ${email}`}>
                Withdraw
              </Button>
            }
            title="Withdraw the invitation?"
            action="Withdraw"
            busy={revoke.isPending}
            onConfirm={() => revoke.mutate({ invitationId })}
          >
            <p className="break-words">The link that {email} has stops working at once.</p>
          </ConfirmDialog>
        </div>
      ) : null}
    </li>
  );
}
