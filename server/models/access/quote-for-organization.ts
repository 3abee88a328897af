import 'server-only';
import { parseModelRef } from '@/server/models/providers/model-ref';
import type { Client } from '@/server/platform/db';
import { chargedShare, type Quote, type QuotedCall, quoteCall } from './quote-call';

/**
 * What one call will cost this organization, micro-credits: `quoteCall`, or the platform fee's share of it where the call runs on
 * the organization's own key.
 */
export async function quoteFor(client: Client, organizationId: string, call: QuotedCall): Promise<Quote> {
  const { p50, p90 } = await quoteCall(client, call);
  const { provider } = parseModelRef(call.modelRef);
  const own = (await client.providerKey.count({ where: { organizationId, provider } })) > 0;
  return { p50: chargedShare(p50, own), p90: chargedShare(p90, own) };
}
