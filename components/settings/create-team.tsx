'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { FieldError, Input, Label } from '@/components/ui/field';
import { organizationNameSchema } from '@/server/organizations/schema';
import { switchOrganization } from './switch-organization';

/** Makes a team and goes there. */
export function CreateTeam() {
  const trpc = useTRPC();
  const form = useForm({ resolver: zodResolver(organizationNameSchema), defaultValues: { name: '' } });
  const problem = form.formState.errors.name?.message;
  const fail = (error: unknown) => toast.error(error instanceof Error ? error.message : errorMessage(error));
  const create = useMutation(
    trpc.organizations.create.mutationOptions({
      onSuccess: ({ organizationId }) => switchOrganization(organizationId, '/settings/members').catch(fail),
      onError: (error) => form.setError('name', { message: errorMessage(error) }),
    }),
  );
  return (
    <Section title="New team" titleId="new-team">
      <Card className="p-3">
        <form
          noValidate
          onSubmit={form.handleSubmit((team) => create.mutate(team))}
          aria-labelledby="new-team"
          className="flex flex-wrap items-end gap-3"
        >
          <div className="min-w-48 flex-1">
            <Label htmlFor="team-name">Team name</Label>
            <Input
              id="team-name"
              maxLength={80}
              aria-invalid={problem !== undefined}
              aria-describedby="team-name-problem team-name-note"
              {...form.register('name')}
            />
          </div>
          <Button type="submit" disabled={create.isPending || create.isSuccess}>
            {create.isPending || create.isSuccess ? 'Making it…' : 'Create team'}
          </Button>
          <div className="w-full space-y-1">
            <FieldError id="team-name-problem">{problem}</FieldError>
            <p id="team-name-note" className="text-[0.75rem] text-muted-foreground">
              A team has its own projects, people and credits. It starts on the free plan with no credits: welcome and
              free monthly credits belong to personal workspaces. Buy credits for it, or choose a paid plan, to build.
            </p>
          </div>
        </form>
      </Card>
    </Section>
  );
}
