import 'server-only';
import { writeNotice } from '@/server/credits/reports/notices';
import type { Client } from '@/server/platform/db';

/** Where the payment method is changed and the plan is seen. */
const link = '/settings/billing';

export async function notifyPaymentFailed(
  client: Client,
  input: { organizationId: string; planName: string; graceUntil: Date },
): Promise<void> {
  const { organizationId, planName, graceUntil } = input;
  const until = graceUntil.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  const body = `The payment for the ${planName} plan failed. The plan stays until ${until}; update the payment method to keep it.`;
  await writeNotice(client, { organizationId, kind: 'payment_failed', body, link });
}

export async function notifyGraceEnded(
  client: Client,
  { organizationId, planName }: { organizationId: string; planName: string },
): Promise<void> {
  const body = `The ${planName} plan was not paid and has ended. Projects and bonus credits are all still here.`;
  await writeNotice(client, { organizationId, kind: 'payment_failed', body, link });
}

export async function notifyOwed(client: Client, organizationId: string): Promise<void> {
  const body =
    'A purchase was refunded or disputed after its credits had been used. The next purchase first settles what is owed.';
  await writeNotice(client, { organizationId, kind: 'owed', body, link });
}
