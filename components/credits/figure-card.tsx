import type { ReactNode } from 'react';
import { Card } from '@/components/ui/card';
import { cn } from '@/components/ui/cn';
import { ScrollRegion } from '@/components/ui/scroll-region';

export interface FigureTable {
  columns: readonly string[];
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
}

/** A chart with its sentence, and the exact numbers in a table behind it. */
export function FigureCard({
  title,
  words,
  legend,
  table,
  empty,
  className,
  children,
}: {
  title: string;
  /** What the picture shows, for people who do not see it. */
  words: string;
  legend?: ReactNode;
  table: FigureTable;
  /** Said in place of a chart that would have nothing to draw. */
  empty?: string | undefined;
  className?: string;
  children: ReactNode;
}) {
  return (
    <Card className={cn('flex min-w-0 flex-col p-3', className)}>
      <figure className="min-w-0">
        <figcaption>
          <h3 className="text-[0.8125rem] font-medium">{title}</h3>
          <p className="text-[0.75rem] text-muted-foreground">{words}</p>
        </figcaption>
        {empty ? null : (
          <>
            {legend}
            <div role="img" aria-label={`${title}: ${words}`} className="mt-2">
              {children}
            </div>
          </>
        )}
      </figure>
      {empty ? (
        <p className="graph-paper mt-2 flex min-h-24 flex-1 items-center justify-center rounded-md border border-dashed border-border px-4 text-center text-[0.75rem] text-muted-foreground">
          {empty}
        </p>
      ) : (
        <Numbers title={title} table={table} />
      )}
    </Card>
  );
}

/** The exact amounts behind a chart. */
function Numbers({ title, table }: { title: string; table: FigureTable }) {
  return (
    <details className="mt-auto pt-1 text-[0.75rem]">
      <summary className="w-fit rounded-sm py-1 text-chalk underline underline-offset-2">
        Numbers<span className="sr-only"> of {title}</span>
      </summary>
      <ScrollRegion
        label={`Numbers of ${title}`}
        className="mt-1 max-h-64 overflow-auto rounded-md border border-border"
      >
        <table className="w-full">
          <caption className="sr-only">{title}, in credits</caption>
          <thead className="bg-muted text-left text-muted-foreground">
            <tr>
              {table.columns.map((column, index) => (
                <th key={column} scope="col" className={cn('px-2 py-1 font-medium', index > 0 && 'num')}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-border">
            {table.rows.map(({ key, cells: [first, ...rest] }) => (
              <tr key={key}>
                <th scope="row" className="px-2 py-1 text-left font-normal">
                  {first}
                </th>
                {rest.map((cell, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its column
                  <td key={index} className="num px-2 py-1">
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </details>
  );
}
