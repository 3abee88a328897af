import 'server-only';
import { quoteFor } from '@/server/models/access/quote-for-organization';
import type { Quality } from '@/server/models/schema';
import type { Client } from '@/server/platform/db';

/** Micro-credits one task may cost: one attempt of implementing and reviewing. */
export async function quoteTask(
  client: Client,
  { organizationId, ...call }: { organizationId: string; quality: Quality; modelRef: string; size: 'S' | 'M' | 'L' },
): Promise<{ p50: bigint; p90: bigint }> {
  const implement = await quoteFor(client, organizationId, { role: 'implement', ...call });
  const review = await quoteFor(client, organizationId, { role: 'review', ...call });
  return { p50: implement.p50 + review.p50, p90: implement.p90 + review.p90 };
}
