import { notFound } from 'next/navigation';
import type { ReactNode } from 'react';
import { OperatorTabs } from '@/components/operator/operator-tabs';
import { currentCaller } from '@/server/api/caller';
import { isOperator } from '@/server/api/trpc';

/** Who runs the instance. To others these pages do not exist; the procedures behind them say the same. */
export default async function OperatorLayout({ children }: { children: ReactNode }) {
  const caller = await currentCaller();
  if (caller === null || !isOperator(caller.email)) notFound();
  return (
    <main id="content" className="mx-auto w-full max-w-6xl space-y-5 px-4 py-6">
      <div className="space-y-3">
        <h1 className="text-xl font-semibold">Operator</h1>
        <OperatorTabs />
      </div>
      {children}
    </main>
  );
}
