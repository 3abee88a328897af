'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { toast } from 'sonner';
import { useForgetDrafts } from '@/components/drafts/use-draft';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Me } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { FieldError, Input, Label } from '@/components/ui/field';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useSavedForm } from '@/components/ui/use-saved-form';
import { organizationNameSchema } from '@/server/organizations/schema';
import { ConfirmDialog } from './confirm-dialog';
import { DeleteAccount } from './delete-account';
import { useOutcome } from './use-settings';

export function AccountPanel() {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.account.me.queryOptions());
  if (error !== null && data === undefined) {
    return (
      <ErrorState
        title="Your account could not be loaded"
        message={errorMessage(error)}
        onRetry={() => void refetch()}
      />
    );
  }
  if (data === undefined) return <SkeletonRows rows={4} label="Loading your account" />;
  return (
    <>
      <Section title="Profile" titleId="profile">
        <ProfileForm user={data.user} />
      </Section>
      <Section title="Sessions" titleId="sessions">
        <Sessions />
      </Section>
      <Section title="Your data" titleId="your-data">
        <Card className="flex flex-wrap items-center justify-between gap-3 p-3">
          <p className="min-w-48 flex-1 text-[0.8125rem] text-muted-foreground">
            One ZIP with the files, history, chat, plans, reviews and ledger of your personal workspace and of every
            team you own.
          </p>
          <Button asChild>
            <a href="/api/account/export" download>
              <Download aria-hidden="true" /> Download my data
            </a>
          </Button>
        </Card>
      </Section>
      <DeleteAccount />
    </>
  );
}

function ProfileForm({ user }: { user: Me['user'] }) {
  const trpc = useTRPC();
  const rename = useMutation(trpc.account.rename.mutationOptions(useOutcome('Saved.')));
  const form = useSavedForm(organizationNameSchema, { name: user.name ?? '' });
  const problem = form.formState.errors.name?.message;
  return (
    <Card className="space-y-2 p-3">
      <form
        noValidate
        onSubmit={form.handleSubmit((value) => rename.mutate(value))}
        aria-label="Profile"
        className="flex flex-wrap items-end gap-3"
      >
        <div className="min-w-48 flex-1">
          <Label htmlFor="person-name">Your name</Label>
          <Input
            id="person-name"
            maxLength={80}
            autoComplete="name"
            placeholder={user.email}
            aria-invalid={problem !== undefined}
            aria-describedby="person-name-problem person-name-note"
            defaultValue={user.name ?? ''}
            {...form.register('name')}
          />
        </div>
        <Button type="submit" disabled={rename.isPending || !form.formState.isDirty}>
          Save name
        </Button>
        <div className="w-full empty:hidden">
          <FieldError id="person-name-problem">{problem}</FieldError>
        </div>
      </form>
      <p id="person-name-note" className="break-words text-[0.75rem] text-muted-foreground">
        Shown to your teams and in invitations. You sign in as {user.email}.
      </p>
    </Card>
  );
}

function Sessions() {
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
    <Card className="flex flex-wrap items-center justify-between gap-3 p-3">
      <p className="min-w-48 flex-1 text-[0.8125rem] text-muted-foreground">
        Ends every session on every device, this one included. Running builds go on.
      </p>
      <ConfirmDialog
        trigger={<Button>Sign out everywhere</Button>}
        title="Sign out everywhere?"
        action="Sign out"
        busy={everywhere.isPending}
        onConfirm={() => everywhere.mutate()}
      >
        <p>You will need a new sign-in link on each device.</p>
      </ConfirmDialog>
    </Card>
  );
}
