'use client';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
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
  const [name, setName] = useState('');
  const [problem, setProblem] = useState('');
  const fail = (error: unknown) => toast.error(error instanceof Error ? error.message : errorMessage(error));
  const create = useMutation(
    trpc.organizations.create.mutationOptions({
      onSuccess: ({ organizationId }) => switchOrganization(organizationId, '/settings/members').catch(fail),
      onError: (error) => setProblem(errorMessage(error)),
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const parsed = organizationNameSchema.safeParse({ name });
    setProblem(parsed.success ? '' : (parsed.error.issues[0]?.message ?? ''));
    if (parsed.success) create.mutate(parsed.data);
  };
  return (
    <Section title="New team" titleId="new-team">
      <Card className="p-3">
        <form onSubmit={submit} aria-labelledby="new-team" className="flex flex-wrap items-end gap-3">
          <div className="min-w-48 flex-1">
            <Label htmlFor="team-name">Team name</Label>
            <Input
              id="team-name"
              value={name}
              maxLength={80}
              aria-invalid={problem !== ''}
              aria-describedby="team-name-problem team-name-note"
              onChange={(event) => setName(event.target.value)}
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
