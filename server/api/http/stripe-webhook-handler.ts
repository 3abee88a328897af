import 'server-only';
import { z } from 'zod';
import { handleEvent } from '@/server/billing/webhook/handle-event';
import { verifyEvent } from '@/server/billing/webhook/verify-event';
import { openDatabase } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';

/** What every event has, of either kind that Stripe sends. */
const eventSchema = z.object({ id: z.string(), type: z.string() });

/** `POST /api/stripe/webhook`: 200 is "stored with its effects", 400 "not from Stripe", 500 "try again". */
export async function handleStripeWebhook(request: Request): Promise<Response> {
  // The body as it came, which is what the signature is over.
  const raw = await request.text();
  let eventId: string | undefined;
  try {
    const event = await verifyEvent(raw, signatureOf(request));
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
    if (eventId === undefined && !isEvent(raw)) {
      logger().warn({ reason: 'no event' }, 'stripe webhook refused');
      return refuse(400, 'the body is not an event of Stripe');
    }
    logger().error({ err: error, eventId }, 'stripe event failed');
    return refuse(500, 'the event could not be handled; send it again');
  }
}

/** The signature's header; null where it holds none, also where it is there and empty. */
function signatureOf(request: Request): string | null {
  const header = request.headers.get('stripe-signature') ?? '';
  return /\bv1=[0-9a-f]{64}\b/.test(header) ? header : null;
}

function isEvent(raw: string): boolean {
  try {
    return eventSchema.safeParse(JSON.parse(raw)).success;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function refuse(status: number, message: string): Response {
  return Response.json({ error: message }, { status });
}
