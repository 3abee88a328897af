import type { Metadata } from 'next';
import { Packages } from '@/components/operator/packages';
import { Plans } from '@/components/operator/plans';

export const metadata: Metadata = { title: 'Plans and packages · Operator' };

export default function OperatorOffersPage() {
  return (
    <>
      <Plans />
      <Packages />
    </>
  );
}
