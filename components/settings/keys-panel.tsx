'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Card } from '@/components/ui/card';
import { ErrorState } from '@/components/ui/error-state';
import { FieldError, Input, Label } from '@/components/ui/field';
import { formatDate, formatDateTime } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { ownKeyProviderSchema, storeKeySchema } from '@/server/models/schema';
import { ConfirmDialog } from './confirm-dialog';
import { useOrganization } from './use-settings';

type Key = Outputs['keys']['list'][number];
const NAMES = { openai: 'OpenAI', google: 'Google', anthropic: 'Anthropic', openrouter: 'OpenRouter' } as const;

/** The organization's own provider keys. A key goes in and never comes out: only its last four characters are shown. */
export function KeysPanel() {
  const trpc = useTRPC();
  const organization = useOrganization();
  const keys = useQuery(trpc.keys.list.queryOptions());
  const error = organization.error ?? keys.error;
  if (error !== null) {
    const retry = () => void Promise.all([organization.refetch(), keys.refetch()]);
    return <ErrorState title="The keys could not be loaded" message={errorMessage(error)} onRetry={retry} />;
  }
  if (organization.data === undefined || keys.data === undefined)
    return <SkeletonRows rows={3} label="Loading the keys" />;
  const isOwner = organization.data.role === 'owner';
  return (
    <div className="space-y-3">
      {isOwner ? null : (
        <Callout tone="info" title="Only an owner may change keys">
          A key can spend the organization’s money outside of Plumbline.
        </Callout>
      )}
      {ownKeyProviderSchema.options.map((provider) => (
        <ProviderCard
          key={provider}
          provider={provider}
          stored={keys.data.find((key) => key.provider === provider)}
          isOwner={isOwner}
        />
      ))}
      <p className="text-[0.75rem] text-muted-foreground">
        Keys are encrypted in the database. Testing one makes the provider’s cheapest call, on the key’s own account.
      </p>
    </div>
  );
}

interface CardProps {
  provider: keyof typeof NAMES;
  stored: Key | undefined;
  isOwner: boolean;
}

function ProviderCard({ provider, stored, isOwner }: CardProps) {
  return (
    <Card className="space-y-3 p-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <h2 className="text-sm font-semibold">{NAMES[provider]}</h2>
        <KeyState stored={stored} />
        {isOwner && stored !== undefined ? <KeyActions provider={provider} /> : null}
      </div>
      {stored === undefined ? null : (
        <p className="text-[0.8125rem] text-muted-foreground">
          <span className="num">•••• {stored.lastFour}</span> · stored {formatDate(stored.createdAt)}
          {stored.testedAt === null ? '' : ` · tested ${formatDateTime(stored.testedAt)} UTC`}
        </p>
      )}
      {stored?.testError == null ? null : (
        <p className="text-[0.8125rem] text-danger">
          {stored.testError} Runs that need it will fail: test it again or replace it.
        </p>
      )}
      {isOwner ? <KeyForm provider={provider} replaces={stored !== undefined} /> : null}
    </Card>
  );
}

function KeyState({ stored }: { stored: Key | undefined }) {
  if (stored === undefined) return <Badge>no key: credits pay</Badge>;
  if (stored.testError !== null) return <Badge tone="danger">does not work</Badge>;
  if (stored.testedAt === null) return <Badge tone="warning">not tested</Badge>;
  return <Badge tone="success">works</Badge>;
}

function KeyForm({ provider, replaces }: { provider: CardProps['provider']; replaces: boolean }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const form = useForm({ resolver: zodResolver(storeKeySchema), defaultValues: { provider, key: '' } });
  const problem = form.formState.errors.key?.message;
  const store = useMutation(
    trpc.keys.store.mutationOptions({
      onSuccess: async () => {
        form.resetField('key');
        await client.invalidateQueries({ queryKey: trpc.keys.pathKey() });
        toast.success('The key is stored. Test it now.');
      },
      onError: (error) => form.setError('key', { message: errorMessage(error) }),
    }),
  );
  const id = `key-${provider}`;
  return (
    <form
      noValidate
      onSubmit={form.handleSubmit((value) => store.mutate(value))}
      aria-label={`Key of ${NAMES[provider]}`}
      className="flex flex-wrap items-end gap-3"
    >
      <div className="min-w-48 flex-1">
        <Label htmlFor={id}>{replaces ? 'Replace by another key' : 'Key'}</Label>
        <Input
          id={id}
          type="password"
          autoComplete="off"
          spellCheck={false}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-problem`}
          {...form.register('key')}
        />
      </div>
      <Button type="submit" disabled={store.isPending || !form.formState.isDirty}>
        {replaces ? 'Replace key' : 'Store key'}
      </Button>
      <div className="w-full empty:hidden">
        <FieldError id={`${id}-problem`}>{problem}</FieldError>
      </div>
    </form>
  );
}

function KeyActions({ provider }: { provider: CardProps['provider'] }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: trpc.keys.pathKey() });
  const onError = (error: unknown) => void toast.error(errorMessage(error));
  const test = useMutation(
    trpc.keys.test.mutationOptions({
      onSuccess: async ({ works, message }) => {
        await refresh();
        if (works) toast.success(message);
        else toast.error(message);
      },
      onError,
    }),
  );
  const remove = useMutation(
    trpc.keys.remove.mutationOptions({
      onSuccess: async () => {
        await refresh();
        toast.success('The key is removed.');
      },
      onError,
    }),
  );
  const name = NAMES[provider];
  return (
    <div className="ml-auto flex gap-2">
      <Button
        size="sm"
        aria-label={`Test the key of ${name}`}
        disabled={test.isPending}
        onClick={() => test.mutate({ provider })}
      >
        {test.isPending ? 'Testing…' : 'Test'}
      </Button>
      <ConfirmDialog
        trigger={
          <Button size="sm" variant="danger" aria-label={`Remove the key of ${name}`}>
            Remove
          </Button>
        }
        title={`Remove the key of ${name}?`}
        action="Remove"
        busy={remove.isPending}
        onConfirm={() => remove.mutate({ provider })}
      >
        <p>From the next call on, credits pay for its models again. The key itself stays valid at the provider.</p>
      </ConfirmDialog>
    </div>
  );
}
