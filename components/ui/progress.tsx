import { Progress as Primitive } from 'radix-ui';
import { cn } from './cn';

/** `value` from 0 to 100; the label is read aloud, the number beside it is the caller's. */
export function Progress({ value, label, className }: { value: number; label: string; className?: string }) {
  const clamped = Math.max(0, Math.min(100, value));
  return (
    <Primitive.Root
      value={clamped}
      aria-label={label}
      className={cn('h-1 overflow-hidden rounded-full bg-border', className)}
    >
      <Primitive.Indicator
        className="h-full rounded-full bg-chalk transition-[width] duration-300"
        style={{ width: `${clamped}%` }}
      />
    </Primitive.Root>
  );
}
