'use client';
import { useMutation } from '@tanstack/react-query';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { plural } from '@/components/ui/format';
import { ConfirmDialog } from './confirm-dialog';
import type { OrganizationView } from './use-settings';

/** The two ways out of a team. Afterwards the person is in their own workspace again. */
export function LeaveOrClose({ organization }: { organization: OrganizationView }) {
  const trpc = useTRPC();
  const outcome = {
    onSuccess: () => window.location.assign('/projects'),
    onError: (error: unknown) => void toast.error(errorMessage(error)),
  };
  const leave = useMutation(trpc.organizations.leave.mutationOptions(outcome));
  const close = useMutation(trpc.organizations.close.mutationOptions(outcome));
  const { name, role, members, projects } = organization;
  return (
    <Section title="Leave or close" titleId="leave-or-close">
      <Card className="divide-y divide-border">
        <div className="flex flex-wrap items-center justify-between gap-3 p-3">
          <p className="min-w-48 flex-1 text-[0.8125rem] text-muted-foreground">
            You lose access at once. What you made stays with the team.
            {role === 'owner' ? ' An owner can leave once somebody else is an owner too.' : ''}
          </p>
          <ConfirmDialog
            trigger={<Button>Leave team</Button>}
            title={`Leave “${name}”?`}
            action="Leave"
            busy={leave.isPending}
            onConfirm={() => leave.mutate()}
          >
            <p>
              You can only come back by a new invitation. Runs of yours pause before their next call to a model; the
              person who resumes one goes on with it.
            </p>
          </ConfirmDialog>
        </div>
        {role === 'owner' ? (
          <div className="flex flex-wrap items-center justify-between gap-3 p-3">
            <p className="min-w-48 flex-1 text-[0.8125rem] text-muted-foreground">
              Deletes the team for everybody, with its projects, files and chat. Only the anonymous ledger stays.
            </p>
            <ConfirmDialog
              trigger={<Button variant="danger">Close team</Button>}
              title={`Close “${name}”?`}
              phrase={name}
              action="Close the team"
              busy={close.isPending}
              onConfirm={(confirm) => close.mutate({ confirm })}
            >
              <p>
                {plural(projects, 'project')} and the access of {plural(members, 'person', 'people')} end now. Credits
                that are left are lost, a subscription is cancelled. This cannot be undone.
              </p>
            </ConfirmDialog>
          </div>
        ) : null}
      </Card>
    </Section>
  );
}
