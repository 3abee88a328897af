'use client';
import type { FormEvent, ReactNode } from 'react';
import type { UseFormRegisterReturn } from 'react-hook-form';
import { errorMessage } from '@/components/trpc/error-message';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Dialog, DialogClose, DialogContent } from '@/components/ui/dialog';
import { FieldError, Input, Label } from '@/components/ui/field';

/** A form in a dialog: fields, what went wrong, and one button that sends it once at a time. */
export function FormDialog({
  title,
  description,
  action,
  danger = false,
  busy,
  error,
  onSubmit,
  onBack,
  onClose,
  children,
}: {
  title: string;
  description: string;
  action: string;
  danger?: boolean;
  busy: boolean;
  /** Of the request, null while there is none. */
  error: unknown;
  onSubmit: () => void;
  /** To the step before, in place of leaving altogether. */
  onBack?: (() => void) | undefined;
  onClose: () => void;
  children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) onSubmit();
  };
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={title} description={description}>
        <form aria-label={title} noValidate className="space-y-4" onSubmit={submit}>
          {children}
          {error === null ? null : (
            <div role="alert">
              <Callout tone="danger" title="This did not work">
                {errorMessage(error)}
              </Callout>
            </div>
          )}
          <div className="flex flex-wrap justify-end gap-2">
            {onBack === undefined ? (
              <DialogClose asChild>
                <Button>Cancel</Button>
              </DialogClose>
            ) : (
              <Button disabled={busy} onClick={onBack}>
                Back
              </Button>
            )}
            <Button type="submit" variant={danger ? 'danger' : 'primary'} disabled={busy}>
              {busy ? 'Saving…' : action}
            </Button>
          </div>
        </form>
      </DialogContent>
    </Dialog>
  );
}

/** A labelled line of text with its unit, a note, and what is wrong with it. */
export function TextField({
  id,
  label,
  note,
  error,
  field,
  numeric = false,
  type = 'text',
}: {
  id: string;
  label: string;
  note?: string | undefined;
  error: { message?: string | undefined } | undefined;
  /** What the form's `register` made for it. */
  field: UseFormRegisterReturn;
  numeric?: boolean;
  type?: 'text' | 'datetime-local';
}) {
  return (
    <div>
      <Label htmlFor={id}>{label}</Label>
      <Input
        id={id}
        type={type}
        className={numeric ? 'num mt-1' : 'mt-1'}
        {...(numeric ? { inputMode: 'decimal' as const } : {})}
        autoComplete="off"
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-note ${id}-error`}
        {...field}
      />
      <FieldError id={`${id}-error`}>{error?.message}</FieldError>
      <p id={`${id}-note`} className="text-[0.75rem] text-muted-foreground">
        {note}
      </p>
    </div>
  );
}
