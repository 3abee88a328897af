'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { toast } from 'sonner';
import { useForgetDrafts } from '@/components/drafts/use-draft';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Card, Section } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { Skeleton } from '@/components/ui/skeleton';
import { DELETE_PHRASE } from '@/server/organizations/schema';
import { ConfirmDialog } from './confirm-dialog';

type Plan = Outputs['account']['deletion'];
const names = (rows: { name: string }[]) => rows.map(({ name }) => `“${name}”`).join(', ');

/** What deletion takes, leaves and keeps, said before it is possible. */
export function DeleteAccount() {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.account.deletion.queryOptions());
  return (
    <Section title="Delete account" titleId="delete-account">
      {error !== null && data === undefined ? (
        <ErrorState
          title="What it would delete could not be loaded"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      ) : data === undefined ? (
        <Skeleton className="h-24" />
      ) : data.blocked.length > 0 ? (
        <Callout tone="warning" title={`You are the only owner of ${names(data.blocked)}`}>
          Others work there. Make one of them an owner, or close the team, before you delete your account.
        </Callout>
      ) : (
        <Deletion plan={data} />
      )}
    </Section>
  );
}

function Deletion({ plan }: { plan: Plan }) {
  const trpc = useTRPC();
  const forgetDrafts = useForgetDrafts();
  const remove = useMutation(
    trpc.account.delete.mutationOptions({
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
        Deletes you and everything that is only yours, at once. Download your data first.
      </p>
      <ConfirmDialog
        trigger={<Button variant="danger">Delete account</Button>}
        title="Delete your account?"
        phrase={DELETE_PHRASE}
        action="Delete for good"
        busy={remove.isPending}
        onConfirm={(confirm) => remove.mutate({ confirm })}
      >
        <ul className="list-disc space-y-1 pl-4">
          <li className="break-words">Deleted with all projects, files, chat and keys: {names(plan.closed)}.</li>
          {plan.left.length > 0 ? <li className="break-words">They go on without you: {names(plan.left)}.</li> : null}
          <li>Credits that are left are lost. Subscriptions of what is deleted are cancelled.</li>
          <li>What stays is accounting: amounts and purchases, without your name and address.</li>
          <li>You are signed out everywhere. Signing up again later starts a new account.</li>
        </ul>
        <p className="font-medium">This cannot be undone.</p>
      </ConfirmDialog>
    </Card>
  );
}
