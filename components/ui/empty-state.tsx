import type { ReactNode } from 'react';
import { PlumbMark } from '@/components/brand/plumb-mark';
import { cn } from './cn';

/** Nothing here: says why and what to do next. */
export function EmptyState({
  title,
  children,
  action,
  className,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}) {
  return (
    <div
      className={cn(
        'graph-paper flex flex-col items-center gap-2 rounded-lg border border-dashed border-border px-6 py-10 text-center',
        className,
      )}
    >
      <PlumbMark className="h-9 w-5 text-muted-foreground" />
      <p className="font-medium">{title}</p>
      {children === undefined ? null : (
        <div className="max-w-md text-[0.8125rem] text-muted-foreground">{children}</div>
      )}
      {action === undefined ? null : <div className="mt-2">{action}</div>}
    </div>
  );
}
