import 'server-only';
import { stripe } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { type EventOutcome, handleEvent } from './handle-event';
import { parseEvent } from './read-event';

/**
 * Processes an event once more: the stored one, or Stripe's own copy (kept there for 30 days) when it never arrived.
 * Effects that it had before do not happen again.
 */
export async function replayEvent(eventId: string): Promise<EventOutcome & { type: string; stored: boolean }> {
  const stored = await db().stripeEvent.findUnique({ where: { id: eventId } });
  // What a deleted organization left of an event is its figures; of one without an effect then there is its name only.
  const whole = stored !== null && !isReduced(stored.payload);
  const payload = whole ? stored.payload : await stripe().events.retrieve(eventId);
  const event = parseEvent(JSON.stringify(payload));
  return { ...(await handleEvent(event, { again: true })), type: event.type, stored: stored !== null };
}

function isReduced(payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null) return false;
  return 'deleted' in payload || ('created' in payload && !('data' in payload));
}
