'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { FieldError, Input, Label } from '@/components/ui/field';
import { formatDate, plural } from '@/components/ui/format';
import { Skeleton, SkeletonRows } from '@/components/ui/skeleton';
import { useSavedForm } from '@/components/ui/use-saved-form';
import { organizationNameSchema } from '@/server/organizations/schema';
import { CreateTeam } from './create-team';
import { LeaveOrClose } from './leave-or-close';
import { type OrganizationView, useOrganization, useOutcome } from './use-settings';

export function OrganizationPanel() {
  const { data, error, refetch } = useOrganization();
  if (error !== null && data === undefined) {
    return (
      <ErrorState
        title="The settings could not be loaded"
        message={errorMessage(error)}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined) return <SkeletonRows rows={4} label="Loading the organization" />;
  return (
    <>
      <Section title="Name" titleId="organization-name">
        <NameForm organization={data} />
      </Section>
      <Section title="Low-balance notices" titleId="organization-notices">
        <NoticesSwitch role={data.role} />
      </Section>
      <CreateTeam />
      {data.kind === 'team' ? <LeaveOrClose organization={data} /> : null}
    </>
  );
}

function NameForm({ organization }: { organization: OrganizationView }) {
  const trpc = useTRPC();
  const rename = useMutation(trpc.organizations.rename.mutationOptions(useOutcome('Renamed.')));
  const form = useSavedForm(organizationNameSchema, { name: organization.name });
  const problem = form.formState.errors.name?.message;
  const isOwner = organization.role === 'owner';
  const { kind, plan, members, projects, createdAt } = organization;
  return (
    <Card className="space-y-3 p-3">
      <form
        noValidate
        onSubmit={form.handleSubmit((value) => rename.mutate(value))}
        aria-label="Rename"
        className="flex flex-wrap items-end gap-3"
      >
        <div className="min-w-48 flex-1">
          <Label htmlFor="organization-name-field">{kind === 'team' ? 'Team name' : 'Workspace name'}</Label>
          <Input
            id="organization-name-field"
            maxLength={80}
            readOnly={!isOwner}
            aria-invalid={problem !== undefined}
            aria-describedby={isOwner ? 'organization-name-problem' : 'organization-name-note'}
            defaultValue={organization.name}
            {...form.register('name')}
          />
        </div>
        {isOwner ? (
          <Button type="submit" disabled={rename.isPending || !form.formState.isDirty}>
            Rename
          </Button>
        ) : null}
        <div className="w-full empty:hidden">
          <FieldError id="organization-name-problem">{problem}</FieldError>
        </div>
      </form>
      {isOwner ? null : (
        <p id="organization-name-note" className="text-[0.75rem] text-muted-foreground">
          Only an owner may rename the team.
        </p>
      )}
      <p className="text-[0.8125rem] text-muted-foreground">
        {kind === 'team' ? 'Team' : 'Personal workspace'} on the {plan?.name ?? 'free'} plan ·{' '}
        {plural(members, 'member')} · {plural(projects, 'project')} · since {formatDate(createdAt)}
      </p>
    </Card>
  );
}

function NoticesSwitch({ role }: { role: OrganizationView['role'] }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const { data } = useQuery(trpc.notices.enabled.queryOptions());
  const set = useMutation(
    trpc.notices.setEnabled.mutationOptions({
      onSuccess: async (_result, { enabled }) => {
        await client.invalidateQueries({ queryKey: trpc.notices.pathKey() });
        toast.success(enabled ? 'Notices are on.' : 'Notices are off.');
      },
      onError: (error) => toast.error(errorMessage(error)),
    }),
  );
  if (data === undefined) return <Skeleton className="h-16" />;
  const mayChange = role !== 'member';
  return (
    <Card className="p-3">
      <label htmlFor="notices" className="flex items-start gap-2.5">
        <input
          id="notices"
          type="checkbox"
          className="mt-0.5 size-4 accent-chalk"
          checked={set.isPending ? set.variables.enabled : data.enabled}
          disabled={!mayChange || set.isPending}
          aria-describedby="notices-note"
          onChange={(event) => set.mutate({ enabled: event.target.checked })}
        />
        <span className="text-[0.8125rem]">
          <span className="font-medium">Say when credits run low</span>
          <span id="notices-note" className="block text-muted-foreground">
            At a fifth of the month’s credits and at one credit or less: in the app, and by mail to the owners, each at
            most once a day.{mayChange ? '' : ' An owner or an admin can change this.'}
          </span>
        </span>
      </label>
    </Card>
  );
}
