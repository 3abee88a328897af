import 'server-only';
import { writeNotice } from '@/server/credits/reports/notices';
import type { ProviderAccess } from '@/server/models/providers/instance-keys';
import { KEY_FAULT_TEXT, keyFault } from '@/server/models/providers/provider-fault';
import { now } from '@/server/platform/clock';
import { inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';

/**
 * A call on an organization's own key failed. A key that its provider does not accept, or that nobody pays for any more, is
 * marked, with a notice once a day, and the error says what to do; any other failure is passed on as it came.
 */
export async function ownKeyFailure(
  organizationId: string,
  { provider, access }: { provider: string; access: ProviderAccess },
  cause: unknown,
): Promise<unknown> {
  const fault = access.own ? keyFault(cause) : null;
  if (fault === null) return cause;
  const testError = KEY_FAULT_TEXT[fault];
  const body =
    fault === 'refused'
      ? `Your own ${provider} key is not accepted by its provider. Replace or remove it; nothing was charged.`
      : `The credit of your own ${provider} key is used up at its provider. Add some there, or replace or remove the key; nothing was charged.`;
  try {
    await inTx(async (tx) => {
      // Not a key that was stored in its place while the call ran.
      const { count } = await tx.providerKey.updateMany({
        where: { organizationId, provider, lastFour: access.apiKey.slice(-4) },
        data: { testedAt: now(), testError },
      });
      if (count > 0) await writeNotice(tx, { organizationId, kind: 'own_key_failed', body, link: '/settings/keys' });
    });
  } catch (error) {
    logger().error({ err: error, organizationId, provider }, 'a refused own key was not marked');
  }
  return new AppError('own_key_refused', `the own ${provider} key was refused`, { cause, userMessage: body });
}
