'use client';
import { X } from 'lucide-react';
import { Dialog as Primitive } from 'radix-ui';
import { type ReactNode, type RefObject, useRef } from 'react';
import { Button } from './button';
import { cn } from './cn';

export const Dialog = Primitive.Root;
export const DialogTrigger = Primitive.Trigger;
export const DialogClose = Primitive.Close;

/** What opened a dialog last. Where one takes the place of another, what was focused is already gone when the second opens. */
let lastOpener: Element | null = null;

export function DialogContent({
  title,
  description,
  className,
  returnFocusTo,
  children,
}: {
  title: string;
  description?: string;
  className?: string;
  /** What is focused when it closes; default: what was focused when it opened. */
  returnFocusTo?: RefObject<HTMLElement | null> | undefined;
  children: ReactNode;
}) {
  const opener = useRef<Element | null>(null);
  // Without a DialogTrigger the primitive knows nothing to go back to, and the focus would be lost.
  const focusOpener = (event: Event) => {
    const target = returnFocusTo?.current ?? opener.current;
    if (!(target instanceof HTMLElement) || !target.isConnected) return;
    event.preventDefault();
    target.focus();
  };
  return (
    <Primitive.Portal>
      <Primitive.Overlay className="fixed inset-0 z-50 bg-black/45 animate-settle" />
      <Primitive.Content
        {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        onOpenAutoFocus={() => {
          const { activeElement } = document;
          if (activeElement !== document.body) lastOpener = activeElement;
          opener.current = lastOpener;
        }}
        onCloseAutoFocus={focusOpener}
        className={cn(
          'fixed inset-x-3 top-[8dvh] z-50 mx-auto flex max-h-[84dvh] max-w-lg flex-col rounded-xl border border-border bg-popover text-popover-foreground shadow-2xl animate-settle',
          className,
        )}
      >
        <div className="flex items-start justify-between gap-4 border-b border-border px-4 py-3">
          <div>
            <Primitive.Title className="font-semibold">{title}</Primitive.Title>
            {description === undefined ? null : (
              <Primitive.Description className="text-[0.8125rem] text-muted-foreground">
                {description}
              </Primitive.Description>
            )}
          </div>
          <Primitive.Close asChild>
            <Button variant="ghost" size="icon" aria-label="Close">
              <X aria-hidden="true" />
            </Button>
          </Primitive.Close>
        </div>
        <div className="min-h-0 overflow-y-auto p-4">{children}</div>
      </Primitive.Content>
    </Primitive.Portal>
  );
}
