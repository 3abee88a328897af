'use client';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { Button } from '@/components/ui/button';
import { Dialog, DialogClose, DialogContent, DialogTrigger } from '@/components/ui/dialog';
import { Input, Label } from '@/components/ui/field';

/** Asks before what cannot be undone; with `phrase` it must be typed. `onConfirm` gets what was typed. */
export function ConfirmDialog({
  trigger,
  title,
  children,
  phrase,
  action,
  busy,
  onConfirm,
}: {
  trigger: ReactNode;
  title: string;
  children: ReactNode;
  phrase?: string;
  action: string;
  busy: boolean;
  onConfirm: (typed: string) => void;
}) {
  const id = useId();
  const [typed, setTyped] = useState('');
  const ready = phrase === undefined || typed.trim() === phrase;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (ready) onConfirm(typed);
  };
  return (
    <Dialog onOpenChange={() => setTyped('')}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent title={title}>
        <form onSubmit={submit} className="space-y-4">
          <div className="space-y-2 text-[0.8125rem]">{children}</div>
          {phrase === undefined ? null : (
            <div className="space-y-1">
              <Label htmlFor={id} className="block break-words">
                Type “{phrase}” to go on
              </Label>
              <Input id={id} value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
            </div>
          )}
          <div className="flex flex-wrap justify-end gap-2">
            <DialogClose asChild>
              <Button>Cancel</Button>
            </DialogClose>
            <Button type="submit" variant="danger" disabled={!ready || busy}>
              {action}
            </Button>
          </div>
        </form>
      </DialogContent>
    </Dialog>
  );
}
