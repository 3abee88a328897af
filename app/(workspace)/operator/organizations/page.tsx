import type { Metadata } from 'next';
import { Accounts } from '@/components/operator/accounts';
import { type Ask, ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Organizations · Operator' };

const ask: Ask = (client, trpc) => [
  client.prefetchInfiniteQuery(
    trpc.operator.accounts.infiniteQueryOptions({}, { getNextPageParam: (page) => page.nextCursor ?? undefined }),
  ),
];

export default function OperatorOrganizationsPage() {
  return (
    <ReadAhead ask={ask}>
      <Accounts />
    </ReadAhead>
  );
}
