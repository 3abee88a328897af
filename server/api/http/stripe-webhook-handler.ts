import 'server-only';
import { handleEvent } from '@/server/billing/webhook/handle-event';
import { verifyEvent } from '@/server/billing/webhook/verify-event';
import { openDatabase } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';

/** Longest body read, bytes: Stripe's events are far smaller, anything else is not from there. */
const MAX_BODY = 1_000_000;

/** `POST /api/stripe/webhook`: 200 is "stored with its effects", 400 "not from Stripe", 500 "try again". */
export async function handleStripeWebhook(request: Request): Promise<Response> {
  let eventId: string | undefined;
  try {
    const raw = await readBody(request);
    if (raw === null) return refuse(413, 'body too large');
    const event = await verifyEvent(raw, request.headers.get('stripe-signature'));
    eventId = event.id;
    await openDatabase();
    const { outcome, reason } = await handleEvent(event);
    logger().info({ eventId, type: event.type, outcome, reason }, 'stripe event');
    return Response.json({ received: true, outcome });
  } catch (error) {
    if (isAppError(error) && eventId === undefined && error.status < 500) {
      logger().warn({ reason: error.message }, 'stripe webhook refused');
      return refuse(error.status, error.message);
    }
    logger().error({ err: error, eventId }, 'stripe event failed');
    return refuse(500, 'the event could not be handled; send it again');
  }
}

function refuse(status: number, message: string): Response {
  return Response.json({ error: message }, { status });
}

/** The body as it came, which is what the signature is over; null when it is too large. */
async function readBody(request: Request): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > MAX_BODY) {
      await reader?.cancel();
      return null;
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString('utf8');
}
