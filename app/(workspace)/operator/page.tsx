import type { Metadata } from 'next';
import { Execution } from '@/components/operator/execution';
import { Jobs } from '@/components/operator/jobs';
import { PaymentRefusal } from '@/components/operator/payment-refusal';
import { Reconciliation } from '@/components/operator/reconciliation';
import { Callout } from '@/components/ui/callout';
import { api } from '@/server/api/caller';
import { type Ask, ReadAhead } from '../read-ahead';

export const metadata: Metadata = { title: 'Health · Operator' };

const ask: Ask = (client, trpc) => [client.prefetchQuery(trpc.operator.jobs.queryOptions())];

export default async function OperatorHealthPage() {
  const warnings = await (await api()).operator.warnings();
  return (
    <ReadAhead ask={ask}>
      <PaymentRefusal />
      {warnings.map((warning) => (
        <Callout key={warning} tone="warning" title="A setting needs your attention">
          {warning}
        </Callout>
      ))}
      <Reconciliation />
      <Execution />
      <Jobs />
    </ReadAhead>
  );
}
