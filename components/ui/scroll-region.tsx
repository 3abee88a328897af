import type { ReactNode } from 'react';
import { cn } from './cn';

/** A named part of the page that scrolls: it takes the focus, so that the keyboard can scroll it too. Not a landmark. */
export function ScrollRegion({
  label,
  className,
  children,
}: {
  label: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form controls
    <div role="group" tabIndex={0} aria-label={label} className={cn('outline-offset-[-2px]', className)}>
      {children}
    </div>
  );
}
