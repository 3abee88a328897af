import type { Metadata } from 'next';
import { Packages } from '@/components/operator/packages';
import { Plans } from '@/components/operator/plans';
import { type Ask, ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Plans and packages · Operator' };

const ask: Ask = (client, trpc) => [client.prefetchQuery(trpc.operator.catalogue.queryOptions())];

export default function OperatorOffersPage() {
  return (
    <ReadAhead ask={ask}>
      <Plans />
      <Packages />
    </ReadAhead>
  );
}
