'use client';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { budgetText, budgetTextSchema } from '@/components/credits/amount-problem';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Dialog, DialogContent, DialogTrigger } from '@/components/ui/dialog';
import { FieldError, Input, Label, Select } from '@/components/ui/field';
import { useSavedForm } from '@/components/ui/use-saved-form';
import { mayManage, ROLE_TEXT, ROLES, type Role } from '@/server/organizations/schema';
import { ConfirmDialog } from './confirm-dialog';
import { type Member, useOutcome } from './use-settings';

/** Role, budget and removal of one member, for those who may. */
export function ManageMember({ member, role }: { member: Member; role: Role }) {
  const called = member.name ?? member.email;
  const [open, setOpen] = useState(false);
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <Button size="sm" aria-label={`Manage ${called}`}>
          Manage
        </Button>
      </DialogTrigger>
      <DialogContent title={called} description="Changes hold from the next request on.">
        <div className="space-y-5">
          <RoleForm member={member} role={role} />
          <BudgetForm member={member} />
          {member.isMe ? null : <Endings member={member} role={role} close={() => setOpen(false)} />}
        </div>
      </DialogContent>
    </Dialog>
  );
}

function RoleForm({ member, role }: { member: Member; role: Role }) {
  const trpc = useTRPC();
  const save = useMutation(trpc.organizations.setRole.mutationOptions(useOutcome('The role is changed.')));
  const [wanted, setWanted] = useState<string>(member.role);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const known = ROLES.find((name) => name === wanted);
    if (known !== undefined) save.mutate({ userId: member.userId, role: known });
  };
  return (
    <form onSubmit={submit} aria-label="Role" className="flex items-end gap-2">
      <div className="min-w-0 flex-1">
        <Label htmlFor="member-role">Role</Label>
        <Select
          id="member-role"
          value={wanted}
          aria-describedby="member-role-note"
          onChange={(event) => setWanted(event.target.value)}
        >
          {ROLES.filter((name) => mayManage(role, name)).map((name) => (
            <option key={name} value={name}>
              {ROLE_TEXT[name].name}
            </option>
          ))}
        </Select>
        <p id="member-role-note" className="mt-1 text-[0.75rem] text-muted-foreground">
          {ROLE_TEXT[ROLES.find((name) => name === wanted) ?? member.role].may}
        </p>
      </div>
      <Button type="submit" className="mb-[1.375rem]" disabled={save.isPending || wanted === member.role}>
        Save role
      </Button>
    </form>
  );
}

function BudgetForm({ member }: { member: Member }) {
  const trpc = useTRPC();
  const save = useMutation(trpc.organizations.setBudget.mutationOptions(useOutcome('The budget is saved.')));
  const form = useSavedForm(budgetTextSchema, budgetText(member.budgetMicro));
  const problem = form.formState.errors.budget?.message;
  return (
    <form
      noValidate
      onSubmit={form.handleSubmit(({ budget }) => save.mutate({ userId: member.userId, budgetMicro: budget }))}
      aria-label="Budget"
      className="flex flex-wrap items-end gap-2"
    >
      <div className="min-w-40 flex-1">
        <Label htmlFor="member-budget">Credits a period</Label>
        <Input
          id="member-budget"
          inputMode="decimal"
          placeholder="no own limit"
          className="num"
          aria-invalid={problem !== undefined}
          aria-describedby="member-budget-problem member-budget-note"
          {...form.register('budget')}
        />
      </div>
      <Button type="submit" disabled={save.isPending}>
        Save budget
      </Button>
      <div className="w-full">
        <FieldError id="member-budget-problem">{problem}</FieldError>
        <p id="member-budget-note" className="text-[0.75rem] text-muted-foreground">
          What they may spend of the team’s credits until the period ends. Empty: no own limit. A run that reaches it
          waits.
        </p>
      </div>
    </form>
  );
}

function Endings({ member, role, close }: { member: Member; role: Role; close: () => void }) {
  const trpc = useTRPC();
  const called = member.name ?? member.email;
  const ended = (saved: { onSuccess: () => Promise<void>; onError: (error: unknown) => void }) => ({
    onSuccess: async () => {
      close();
      await saved.onSuccess();
    },
    onError: saved.onError,
  });
  const remove = useMutation(trpc.organizations.remove.mutationOptions(ended(useOutcome(`${called} is removed.`))));
  const transfer = useMutation(
    trpc.organizations.transfer.mutationOptions(ended(useOutcome(`${called} is the owner.`))),
  );
  return (
    <div className="flex flex-wrap justify-end gap-2 border-t border-border pt-4">
      {role === 'owner' && member.role !== 'owner' ? (
        <ConfirmDialog
          trigger={<Button>Transfer ownership</Button>}
          title={`Make ${called} the owner?`}
          action="Transfer"
          busy={transfer.isPending}
          onConfirm={() => transfer.mutate({ userId: member.userId })}
        >
          <p>They get everything, billing included, and no own limit. You become an admin and cannot take it back.</p>
        </ConfirmDialog>
      ) : null}
      <ConfirmDialog
        trigger={<Button variant="danger">Remove from team</Button>}
        title={`Remove ${called}?`}
        action="Remove"
        busy={remove.isPending}
        onConfirm={() => remove.mutate({ userId: member.userId })}
      >
        <p>
          Their access ends at once. What they made stays with the team. A run of theirs pauses before its next call to
          a model; the person who resumes it goes on with it.
        </p>
      </ConfirmDialog>
    </div>
  );
}
