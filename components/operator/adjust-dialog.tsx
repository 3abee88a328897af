'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type UseFormReturn, useForm } from 'react-hook-form';
import type { z } from 'zod';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Dialog, DialogClose, DialogContent } from '@/components/ui/dialog';
import { FieldError, Label, Textarea } from '@/components/ui/field';
import { formatCredits } from '@/server/credits/schema';
import type { Adjust } from '@/server/credits/schema-operator';
import { TextField } from './form-dialog';
import { adjustmentForm } from './form-schemas';
import type { Account } from './types';
import { useSaved } from './use-operator';

/** Gives or takes bonus credits: first what and why, then a second look, then one effect. */
export function AdjustDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const form = useForm({
    resolver: zodResolver(adjustmentForm(account.bonus)),
    defaultValues: { direction: 'give' as const, amount: '', reason: '' },
  });
  const [wish, setWish] = useState<Adjust | null>(null);
  const ready = form.handleSubmit(({ direction, amount, reason }) =>
    setWish({
      organizationId: account.id,
      amountMicro: direction === 'give' ? amount : -amount,
      reason,
      // One effect, however often the confirmation is sent.
      requestId: crypto.randomUUID(),
    }),
  );
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent
        title={`Adjust ${account.name}`}
        description="The reason stands in the ledger, for both sides to read."
      >
        {wish === null ? (
          <AdjustForm account={account} form={form} onSubmit={() => void ready()} />
        ) : (
          <Confirm account={account} wish={wish} onBack={() => setWish(null)} onClose={onClose} />
        )}
      </DialogContent>
    </Dialog>
  );
}

type Form = z.infer<ReturnType<typeof adjustmentForm>>;
type Typed = z.input<ReturnType<typeof adjustmentForm>>;

function AdjustForm({
  account,
  form,
  onSubmit,
}: {
  account: Account;
  form: UseFormReturn<Typed, unknown, Form>;
  onSubmit: () => void;
}) {
  const { errors } = form.formState;
  return (
    <form
      aria-label="Adjustment"
      noValidate
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <fieldset>
        <legend className="text-[0.8125rem] font-medium">Bonus credits are</legend>
        <div className="mt-1 flex gap-5">
          {(['give', 'take'] as const).map((direction) => (
            <label key={direction} className="flex min-h-6 items-center gap-2">
              <input type="radio" className="accent-chalk" value={direction} {...form.register('direction')} />
              {direction === 'give' ? 'given (+)' : 'taken (−)'}
            </label>
          ))}
        </div>
      </fieldset>
      <TextField
        id="adjust-amount"
        label="Credits"
        numeric
        note={`Bonus now: ${formatCredits(account.bonus)}. Only bonus credits can be taken by hand.`}
        error={errors.amount}
        field={form.register('amount')}
      />
      <div>
        <Label htmlFor="adjust-reason">Reason</Label>
        <Textarea
          id="adjust-reason"
          className="mt-1"
          maxLength={300}
          aria-invalid={errors.reason !== undefined}
          aria-describedby="adjust-reason-error"
          {...form.register('reason')}
        />
        <FieldError id="adjust-reason-error">{errors.reason?.message}</FieldError>
      </div>
      <div className="flex flex-wrap justify-end gap-2">
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <Button type="submit" variant="primary">
          Continue
        </Button>
      </div>
    </form>
  );
}

function Confirm({
  account,
  wish,
  onBack,
  onClose,
}: {
  account: Account;
  wish: Adjust;
  onBack: () => void;
  onClose: () => void;
}) {
  const trpc = useTRPC();
  const saved = useSaved(onClose);
  const adjust = useMutation(
    trpc.operator.adjust.mutationOptions({ onSuccess: () => saved(`${account.name} was adjusted.`) }),
  );
  const rows = [
    { name: 'Bonus now', micro: account.bonus, signed: false },
    { name: 'Adjustment', micro: wish.amountMicro, signed: true },
    { name: 'Bonus afterwards', micro: account.bonus + wish.amountMicro, signed: false },
  ];
  return (
    <div className="space-y-4">
      <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-1">
        {rows.map(({ name, micro, signed }) => (
          <div key={name} className="contents last:font-medium">
            <dt>{name}</dt>
            <dd className="num">
              <Credits micro={micro} signed={signed} unit />
            </dd>
          </div>
        ))}
      </dl>
      <p className="rounded-md bg-muted px-3 py-2 text-[0.8125rem] break-words">“{wish.reason}”</p>
      <p className="text-[0.75rem] text-muted-foreground">
        The ledger is append-only: this entry cannot be removed, only answered by another one.
        {account.owed > 0n ? ` ${formatCredits(account.owed)} credits are owed; only a top-up repays them.` : ''}
      </p>
      {adjust.error === null ? null : (
        <div role="alert">
          <Callout tone="danger" title="The balance was not adjusted">
            {errorMessage(adjust.error)}
          </Callout>
        </div>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button disabled={adjust.isPending} onClick={onBack}>
          Back
        </Button>
        <Button
          variant={wish.amountMicro < 0n ? 'danger' : 'primary'}
          disabled={adjust.isPending || adjust.isSuccess}
          onClick={() => adjust.mutate(wish)}
        >
          {wish.amountMicro < 0n ? 'Take' : 'Give'}{' '}
          {formatCredits(wish.amountMicro < 0n ? -wish.amountMicro : wish.amountMicro)} credits
        </Button>
      </div>
    </div>
  );
}
