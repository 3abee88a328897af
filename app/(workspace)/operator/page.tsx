import type { Metadata } from 'next';
import { Jobs } from '@/components/operator/jobs';
import { PaymentRefusal } from '@/components/operator/payment-refusal';
import { Reconciliation } from '@/components/operator/reconciliation';

export const metadata: Metadata = { title: 'Health · Operator' };

export default function OperatorHealthPage() {
  return (
    <>
      <PaymentRefusal />
      <Reconciliation />
      <Jobs />
    </>
  );
}
