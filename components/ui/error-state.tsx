'use client';
import { CircleAlert } from 'lucide-react';
import { Button } from './button';

/** A part of the screen could not be shown: why, and how to go on. */
export function ErrorState({ title, message, onRetry }: { title: string; message: string; onRetry?: () => void }) {
  return (
    <div
      role="alert"
      className="flex flex-col items-center gap-2 rounded-lg border border-danger/30 bg-danger-soft px-6 py-8 text-center"
    >
      <CircleAlert aria-hidden="true" className="size-5 text-danger" />
      <p className="font-medium">{title}</p>
      <p className="max-w-md text-[0.8125rem] [overflow-wrap:anywhere]">{message}</p>
      {onRetry === undefined ? null : (
        <Button size="sm" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
