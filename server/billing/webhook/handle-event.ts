import 'server-only';
import { applySubscription } from '@/server/billing/plans/apply-subscription';
import type { CustomerState } from '@/server/billing/plans/subscription-state';
import { withSubscription } from '@/server/billing/plans/sync-subscription';
import { isLiveMode } from '@/server/billing/stripe-client';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { applyCheckout, whyNoPurchase } from './apply-checkout';
import { applyInvoiceReturn } from './apply-invoice-return';
import { applyPurchase } from './apply-purchase';
import { type EventMeaning, readEvent, type StripeEventIn } from './read-event';
import { readInvoiceOf } from './read-invoice';
import { knownRefunds, type PaymentReading, withPayment } from './read-payment';
import { recordPayment } from './record-payment';

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
    const meaning = meaningOf(event);
    const once = (tx: Tx, effect: () => Promise<string | null>) => handleOnce(tx, event, again, effect);
    if (meaning.kind === 'subscription') {
      return await forCustomer(meaning.customerId, once, async (tx, found) => {
        if (meaning.paidFor !== undefined) reportLatePayment(meaning.paidFor, found);
        await applySubscription(tx, found.organizationId, found.subscription, event.created);
      });
    }
    if (meaning.kind === 'payment') return await handlePayment(meaning, once);
    return await inTx((tx) =>
      once(tx, async () => (meaning.kind === 'checkout' ? applyCheckout(tx, meaning) : meaning.reason)),
    );
  } catch (error) {
    await noteFailure(event, error);
    throw error;
  }
}

function meaningOf(event: StripeEventIn): EventMeaning {
  if (event.live !== undefined && event.live !== isLiveMode())
    return { kind: 'ignored', reason: `an event of Stripe's ${event.live ? 'live' : 'test'} mode` };
  return readEvent(event);
}

type Once = (tx: Tx, effect: () => Promise<string | null>) => Promise<EventOutcome>;
type Found = { organizationId: string; subscription: CustomerState };

/** An effect on the organization of a customer, given its subscription as it is at Stripe. */
function forCustomer(customerId: string, once: Once, effect: (tx: Tx, found: Found) => Promise<void>) {
  return withSubscription(customerId, (tx, found) =>
    once(tx, async () => {
      if (found === null) return 'the customer belongs to no organization here';
      await effect(tx, found);
      return null;
    }),
  );
}

/** Money for a plan that is over brings nothing: a person has to look whether it goes back. */
function reportLatePayment(subscriptionId: string, { organizationId, subscription }: Found): void {
  const counts = subscription !== null && subscription !== 'gone' && subscription.id === subscriptionId;
  if (counts && subscription.status !== 'ended') return;
  logger().error(
    { organizationId, subscription: subscriptionId },
    'an invoice was paid for a subscription that is over or does not count: refund it',
  );
}

type Payment = Extract<EventMeaning, { kind: 'payment' }>;

/** Money that went back, or did not after all: of a purchase, or of a subscription's invoice. */
async function handlePayment(meaning: Payment, once: Once): Promise<EventOutcome> {
  const { paymentIntentId, refundedCents } = meaning;
  const ignore = (reason: string) => inTx((tx) => once(tx, async () => reason));
  if (refundedCents !== null && refundedCents >= (await knownRefunds(paymentIntentId)))
    return ignore('nothing of the charge’s refunds was taken back');
  return withPayment(paymentIntentId, async (reading) => {
    if (reading === null) {
      // Money moved in an account that STRIPE_SECRET_KEY does not open.
      logger().error({ paymentIntentId }, 'an event is about a payment that this Stripe account does not have');
      return ignore('a payment that this Stripe account does not have');
    }
    const payment = { paymentIntentId, purchaseId: meaning.purchaseId, reading };
    const invoice = await readInvoiceOf(payment);
    if (invoice === null) return inTx((tx) => once(tx, () => applyPayment(tx, payment)));
    return forCustomer(invoice.customerId, once, async (tx, found) => {
      await applySubscription(tx, found.organizationId, found.subscription, null);
      await applyInvoiceReturn(tx, found.organizationId, invoice, payment);
    });
  });
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
    VALUES (${event.id}, ${event.type}, ${event.payload}::jsonb, ${event.created}::timestamptz, 1, ${now()}::timestamptz)
    ON CONFLICT ("id") DO UPDATE SET "attempts" = e."attempts" + 1 WHERE ${again} OR e."outcome" NOT IN ('done', 'ignored')`;
  if (claimed === 0) return { outcome: 'duplicate', reason: null };
  const reason = await effect();
  const outcome = reason === null ? 'done' : 'ignored';
  await tx.stripeEvent.update({ where: { id: event.id }, data: { outcome, error: reason, processedAt: now() } });
  return { outcome, reason };
}

async function applyPayment(
  tx: Tx,
  payment: { paymentIntentId: string; purchaseId: string | null; reading: PaymentReading },
): Promise<string | null> {
  const { paymentIntentId } = payment;
  const { purchaseId } = await recordPayment(tx, payment);
  // Unknown so far: the facts wait beside the payment until its purchase comes.
  if (purchaseId === null) return null;
  return whyNoPurchase(await applyPurchase(tx, purchaseId, { paymentIntentId }));
}

async function noteFailure(event: StripeEventIn, error: unknown): Promise<void> {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 1000);
  await db().$executeRaw`
    INSERT INTO "StripeEvent" AS e ("id", "type", "payload", "happenedAt", "attempts", "outcome", "error", "receivedAt")
    VALUES (${event.id}, ${event.type}, ${event.payload}::jsonb, ${event.created}::timestamptz, 1, 'failed', ${message}, ${now()}::timestamptz)
    ON CONFLICT ("id") DO UPDATE SET "attempts" = e."attempts" + 1, "outcome" = 'failed', "error" = excluded."error"
      WHERE e."outcome" NOT IN ('done', 'ignored')`;
}
