import type { Metadata } from 'next';
import { Jobs } from '@/components/operator/jobs';
import { Reconciliation } from '@/components/operator/reconciliation';

export const metadata: Metadata = { title: 'Health · Operator' };

export default function OperatorHealthPage() {
  return (
    <>
      <Reconciliation />
      <Jobs />
    </>
  );
}
