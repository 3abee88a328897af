import type { ComponentProps, ReactNode } from 'react';
import { cn } from './cn';
import { ScrollRegion } from './scroll-region';

export interface Column {
  name: string;
  /** Figures stand right, with equal digits. */
  numeric?: boolean;
  /** Left out at a phone's width; say it in another cell there. */
  wide?: boolean;
}

/** Rows and columns with a name for screen readers; scrolls in itself where the page is too narrow. */
export function DataTable({
  label,
  columns,
  className,
  children,
}: {
  label: string;
  columns: readonly Column[];
  className?: string;
  children: ReactNode;
}) {
  return (
    <ScrollRegion label={label} className={cn('overflow-x-auto rounded-lg border border-border bg-card', className)}>
      <table className="w-full text-[0.8125rem]">
        <caption className="sr-only">{label}</caption>
        <thead className="border-b border-border bg-muted text-left text-[0.75rem] text-muted-foreground">
          <tr>
            {columns.map(({ name, numeric = false, wide = false }) => (
              <th
                key={name}
                scope="col"
                className={cn('px-3 py-2 font-medium', numeric && 'num', wide && 'max-sm:hidden')}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-border">{children}</tbody>
      </table>
    </ScrollRegion>
  );
}

/** A cell of `DataTable`; `wide` and `numeric` as its column. */
export function Cell({
  numeric = false,
  wide = false,
  className,
  ...props
}: ComponentProps<'td'> & { numeric?: boolean; wide?: boolean }) {
  return (
    <td className={cn('px-3 py-2 align-baseline', numeric && 'num', wide && 'max-sm:hidden', className)} {...props} />
  );
}
