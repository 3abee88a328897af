import 'server-only';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { applyPurchase, recordPayment } from './apply-purchase';
import { applySubscription } from './apply-subscription';
import { type EventMeaning, readEvent, type StripeEventIn } from './read-event';
import { withSubscription } from './sync-subscription';

export interface EventOutcome {
  /** `duplicate`: it had its effect before. `ignored`: it has none here, and is kept. */
  outcome: 'done' | 'ignored' | 'duplicate';
  /** Why it was ignored. */
  reason: string | null;
}

interface HandleOptions {
  /** Process an event that was processed before once more; effects still happen once. */
  again?: boolean;
}

/**
 * Stores a verified event and its effects in one transaction: either all of it is there or nothing. A failure is noted
 * beside the event afterwards and thrown on, so that the sender tries again.
 */
export async function handleEvent(event: StripeEventIn, options: HandleOptions = {}): Promise<EventOutcome> {
  const again = options.again ?? false;
  if (!again && (await wasHandled(event.id))) return { outcome: 'duplicate', reason: null };
  try {
    const meaning = readEvent(event);
    if (meaning.kind !== 'subscription')
      return await inTx((tx) => handleOnce(tx, event, again, () => applyPayments(tx, meaning)));
    return await withSubscription(meaning.customerId, (tx, found) =>
      handleOnce(tx, event, again, async () => {
        if (found === null) return 'the customer belongs to no organization here';
        await applySubscription(tx, found.organizationId, found.subscription, event.created);
        return null;
      }),
    );
  } catch (error) {
    await noteFailure(event, error);
    throw error;
  }
}

async function wasHandled(id: string): Promise<boolean> {
  const known = await db().stripeEvent.findUnique({ where: { id }, select: { outcome: true } });
  return known?.outcome === 'done' || known?.outcome === 'ignored';
}

/** `effect` returns why the event has none, or null. */
async function handleOnce(
  tx: Tx,
  event: StripeEventIn,
  again: boolean,
  effect: () => Promise<string | null>,
): Promise<EventOutcome> {
  // The same event in parallel waits here for the first one's end, and takes over only when that failed.
  const claimed = await tx.$executeRaw`
    INSERT INTO "StripeEvent" AS e ("id", "type", "payload", "happenedAt", "attempts", "receivedAt")
    VALUES (${event.id}, ${event.type}, ${event.raw}::jsonb, ${event.created}::timestamptz, 1, ${now()}::timestamptz)
    ON CONFLICT ("id") DO UPDATE SET "attempts" = e."attempts" + 1 WHERE ${again} OR e."outcome" NOT IN ('done', 'ignored')`;
  if (claimed === 0) return { outcome: 'duplicate', reason: null };
  const reason = await effect();
  const outcome = reason === null ? 'done' : 'ignored';
  await tx.stripeEvent.update({ where: { id: event.id }, data: { outcome, error: reason, processedAt: now() } });
  return { outcome, reason };
}

async function applyPayments(tx: Tx, meaning: Exclude<EventMeaning, { kind: 'subscription' }>): Promise<string | null> {
  if (meaning.kind === 'ignored') return meaning.reason;
  if (meaning.kind === 'checkout') return whyNot(await applyPurchase(tx, meaning.purchaseId, meaning));
  const { paymentIntentId } = meaning;
  const { purchaseId } = await recordPayment(tx, meaning);
  // Unknown so far: the facts wait beside the payment until its purchase comes.
  if (purchaseId === null) return null;
  return whyNot(await applyPurchase(tx, purchaseId, { paymentIntentId }));
}

function whyNot(result: Awaited<ReturnType<typeof applyPurchase>>): string | null {
  if (result === 'unknown') return 'a purchase that was not made here';
  return result === 'payment_taken' ? 'the payment already paid for another purchase' : null;
}

async function noteFailure(event: StripeEventIn, error: unknown): Promise<void> {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 1000);
  await db().$executeRaw`
    INSERT INTO "StripeEvent" AS e ("id", "type", "payload", "happenedAt", "attempts", "outcome", "error", "receivedAt")
    VALUES (${event.id}, ${event.type}, ${event.raw}::jsonb, ${event.created}::timestamptz, 1, 'failed', ${message}, ${now()}::timestamptz)
    ON CONFLICT ("id") DO UPDATE SET "attempts" = e."attempts" + 1, "outcome" = 'failed', "error" = excluded."error"
      WHERE e."outcome" NOT IN ('done', 'ignored')`;
}
