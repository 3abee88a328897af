import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { cn } from './cn';

const TONES = {
  info: { icon: Info, box: 'border-chalk/30 bg-chalk-soft', ink: 'text-chalk' },
  success: { icon: CircleCheck, box: 'border-success/30 bg-success-soft', ink: 'text-success' },
  warning: { icon: TriangleAlert, box: 'border-warning/35 bg-warning-soft', ink: 'text-warning' },
  danger: { icon: CircleAlert, box: 'border-danger/35 bg-danger-soft', ink: 'text-danger' },
} as const;

/** A message that stands in the page: an icon, a title and what to do. */
export function Callout({
  tone,
  title,
  children,
  actions,
  className,
}: {
  tone: keyof typeof TONES;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  className?: string;
}) {
  const { icon: Icon, box, ink } = TONES[tone];
  return (
    <div className={cn('flex gap-2.5 rounded-lg border p-3', box, className)}>
      <Icon aria-hidden="true" className={cn('mt-0.5 size-4 shrink-0', ink)} />
      <div className="min-w-0 flex-1 space-y-1.5">
        <p className="font-medium">{title}</p>
        {children === undefined ? null : <div className="text-[0.8125rem]">{children}</div>}
        {actions === undefined ? null : <div className="flex flex-wrap gap-2 pt-1">{actions}</div>}
      </div>
    </div>
  );
}
