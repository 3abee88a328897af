import type { Metadata } from 'next';
import { Execution } from '@/components/operator/execution';
import { Jobs } from '@/components/operator/jobs';
import { PaymentRefusal } from '@/components/operator/payment-refusal';
import { Reconciliation } from '@/components/operator/reconciliation';
import { Callout } from '@/components/ui/callout';
import { api } from '@/server/api/caller';

export const metadata: Metadata = { title: 'Health · Operator' };

export default async function OperatorHealthPage() {
  const warnings = await (await api()).operator.warnings();
  return (
    <>
      <PaymentRefusal />
      {warnings.map((warning) => (
        <Callout key={warning} tone="warning" title="A setting needs your attention">
          {warning}
        </Callout>
      ))}
      <Reconciliation />
      <Execution />
      <Jobs />
    </>
  );
}
