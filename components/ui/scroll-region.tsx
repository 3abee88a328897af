import type { ReactNode, Ref } from 'react';
import { cn } from './cn';

/** A named region that scrolls: it takes the focus, so that the keyboard can scroll it too. */
export function ScrollRegion({
  label,
  className,
  children,
  ref,
}: {
  label: string;
  className?: string;
  children: ReactNode;
  ref?: Ref<HTMLElement>;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it a region that scrolls is out of the keyboard's reach
    <section ref={ref} tabIndex={0} aria-label={label} className={cn('outline-offset-[-2px]', className)}>
      {children}
    </section>
  );
}
