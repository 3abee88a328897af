'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Me } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { Input, Label } from '@/components/ui/field';
import { SkeletonRows } from '@/components/ui/skeleton';
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
        <ProfileForm key={data.user.name} user={data.user} />
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
  const [name, setName] = useState(user.name ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate({ name });
  };
  return (
    <Card className="space-y-2 p-3">
      <form onSubmit={submit} aria-label="Profile" className="flex flex-wrap items-end gap-3">
        <div className="min-w-48 flex-1">
          <Label htmlFor="person-name">Your name</Label>
          <Input
            id="person-name"
            value={name}
            maxLength={80}
            autoComplete="name"
            placeholder={user.email}
            aria-describedby="person-name-note"
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <Button type="submit" disabled={rename.isPending || name.trim() === '' || name.trim() === user.name}>
          Save name
        </Button>
      </form>
      <p id="person-name-note" className="break-words text-[0.75rem] text-muted-foreground">
        Shown to your teams and in invitations. You sign in as {user.email}.
      </p>
    </Card>
  );
}

function Sessions() {
  const trpc = useTRPC();
  const everywhere = useMutation(
    trpc.account.signOutEverywhere.mutationOptions({
      onSuccess: () => window.location.assign('/'),
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
