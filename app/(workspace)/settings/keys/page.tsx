import type { Metadata } from 'next';
import { KeysPanel } from '@/components/settings/keys-panel';
import { api } from '@/server/api/caller';
import { type Ask, ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Provider keys' };

const ask: Ask = (client, trpc) => [
  client.prefetchQuery(trpc.organizations.view.queryOptions()),
  client.prefetchQuery(trpc.keys.list.queryOptions()),
];

/** What a call on an own key costs here, with the number. */
function feeInWords(percent: number): string {
  return percent === 0
    ? 'This instance takes no platform fee: such calls are free of credits.'
    : `This instance takes a platform fee: such a call costs ${percent} % of its usual price in credits.`;
}

export default async function KeysPage() {
  const { tariff } = await (await api()).catalogue.pricing();
  return (
    <main id="content" className="min-w-0 flex-1 space-y-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">Provider keys</h1>
        <p className="text-muted-foreground">
          Calls on your own provider key are billed to you by the provider. {feeInWords(tariff.ownKeyFeePercent)}
        </p>
      </div>
      <ReadAhead ask={ask}>
        <KeysPanel />
      </ReadAhead>
    </main>
  );
}
