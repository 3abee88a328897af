import type { Metadata } from 'next';
import { Models } from '@/components/operator/models';
import { type Ask, ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Models and prices · Operator' };

const ask: Ask = (client, trpc) => [client.prefetchQuery(trpc.operator.models.queryOptions())];

export default function OperatorModelsPage() {
  return (
    <ReadAhead ask={ask}>
      <Models />
    </ReadAhead>
  );
}
