import 'server-only';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';

async function addNotice(client: Client, organizationId: string, kind: string, body: string): Promise<void> {
  await client.notice.createMany({
    data: [
      { id: newId(), organizationId, kind, day: now().toISOString().slice(0, 10), body, link: '/settings/billing' },
    ],
    // One notice of a kind a day.
    skipDuplicates: true,
  });
}

export function notifyPaymentFailed(
  client: Client,
  input: { organizationId: string; planName: string; graceUntil: Date },
): Promise<void> {
  const until = input.graceUntil.toISOString().slice(0, 10);
  const body = `The payment for the ${input.planName} plan failed. The plan stays until ${until}; update the payment method to keep it.`;
  return addNotice(client, input.organizationId, 'payment_failed', body);
}

export function notifyGraceEnded(client: Client, input: { organizationId: string; planName: string }): Promise<void> {
  const body = `The ${input.planName} plan was not paid and has ended. Projects and bonus credits are all still here.`;
  return addNotice(client, input.organizationId, 'plan_ended', body);
}

export function notifyOwed(client: Client, organizationId: string): Promise<void> {
  const body =
    'A purchase was refunded or disputed after its credits had been used. The next purchase first settles what is owed.';
  return addNotice(client, organizationId, 'owed', body);
}
