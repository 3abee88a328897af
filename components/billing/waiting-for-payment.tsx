'use client';
import { LoaderCircle } from 'lucide-react';
import { useEffect, useState } from 'react';

/** Milliseconds after which waiting is unusual and says so. */
const LONG_MS = 30_000;

/** Whether `active` has lasted unusually long. */
export function useWaiting(active: boolean): boolean {
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (!active) return;
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, [active]);
  return long;
}

/** The payment service has not reported yet. */
export function Waiting({ what, long }: { what: string; long: boolean }) {
  return (
    <div role="status" className="flex gap-2.5 rounded-lg border border-border bg-card p-3">
      <LoaderCircle aria-hidden="true" className="mt-0.5 size-4 shrink-0 animate-spin text-chalk" />
      <div>
        <p className="font-medium">Waiting for the confirmation of {what}</p>
        <p className="text-[0.8125rem] text-muted-foreground">
          {long
            ? 'This takes longer than usual. You can leave this page: it arrives on its own, and nothing is charged twice.'
            : 'It usually takes a few seconds. This page follows by itself.'}
        </p>
      </div>
    </div>
  );
}
