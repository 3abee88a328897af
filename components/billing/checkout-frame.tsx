import type { ReactNode } from 'react';
import { Card } from '@/components/ui/card';

/** The narrow page around everything that has to do with one payment. */
export function CheckoutFrame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main id="content" className="mx-auto w-full max-w-lg space-y-4 px-4 py-10">
      <h1 className="text-xl font-semibold">{title}</h1>
      {children}
    </main>
  );
}

/** What is bought and for how much. */
export function OrderSummary({ rows }: { rows: { name: string; value: ReactNode }[] }) {
  return (
    <Card className="p-4">
      <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-1.5">
        {rows.map(({ name, value }) => (
          <div key={name} className="contents">
            <dt className="text-muted-foreground">{name}</dt>
            <dd className="num font-medium">{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
