import { z } from 'zod';
import { withoutPersonalData } from './personal-data';

/** A Stripe event with what is needed of it. */
export interface StripeEventIn {
  id: string;
  type: string;
  created: Date;
  /** Of Stripe's live mode; undefined where the event does not say. */
  live: boolean | undefined;
  object: unknown;
  /** JSON as it is stored: as it came, without what names the payer. */
  payload: string;
}

/** What a payment page says about itself: it must be the page of the purchase that it names. */
export interface SessionFacts {
  id: string;
  customerId: string | null;
  amountCents: number | null;
  currency: string | null;
}

/** What an event says, reduced to what has an effect here. */
export type EventMeaning =
  | {
      kind: 'checkout';
      purchaseId: string;
      session: SessionFacts;
      paymentIntentId: string | null;
      paidAt?: Date;
      failedAt?: Date;
      expiredAt?: Date;
    }
  | {
      kind: 'payment';
      paymentIntentId: string;
      /** Known when the charge inherited the purchase's identity. */
      purchaseId: string | null;
      refundedCents: number;
      /** What a dispute is about, however it ended: how it stands is read from all its events. */
      disputedCents: number;
    }
  | { kind: 'subscription'; customerId: string }
  | { kind: 'ignored'; reason: string };

const envelopeSchema = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  created: z.number().int().nonnegative(),
  livemode: z.boolean().optional(),
  data: z.object({ object: z.unknown() }),
});

/** Reads an event's JSON. @throws ZodError when it is not one. */
export function parseEvent(raw: string): StripeEventIn {
  const json: unknown = JSON.parse(raw);
  const { id, type, created, livemode, data } = envelopeSchema.parse(json);
  const payload = JSON.stringify(withoutPersonalData(json));
  return { id, type, created: new Date(created * 1000), live: livemode, object: data.object, payload };
}

/** Stripe sends an id, or the whole object where the endpoint's version expands it. */
const reference = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]).nullish();
const metadata = z.record(z.string(), z.string()).nullish();

const sessionSchema = z.object({
  id: z.string(),
  amount_total: z.number().int().nullish(),
  currency: z.string().nullish(),
  mode: z.string(),
  payment_status: z.string(),
  payment_intent: reference,
  customer: reference,
  metadata,
});
const chargeSchema = z.object({
  amount_refunded: z.number().int().nonnegative(),
  payment_intent: reference,
  metadata,
});
const disputeSchema = z.object({
  id: z.string(),
  amount: z.number().int().nonnegative(),
  status: z.string(),
  payment_intent: reference,
});
const customerSchema = z.object({ customer: reference });
const invoiceSchema = z.object({
  customer: reference,
  parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullish(),
  /** Where API versions before 2025-03-31 had it. */
  subscription: reference,
});

const ignored = (reason: string): EventMeaning => ({ kind: 'ignored', reason });

function readSession(event: StripeEventIn): EventMeaning {
  const session = sessionSchema.parse(event.object);
  if (session.mode === 'subscription') return readCustomer(session.customer);
  const purchaseId = session.metadata?.purchaseId;
  if (purchaseId === undefined) return ignored('a checkout that was not started here');
  const facts = {
    id: session.id,
    customerId: session.customer ?? null,
    amountCents: session.amount_total ?? null,
    currency: session.currency ?? null,
  };
  const paymentIntentId = session.payment_intent ?? null;
  const meaning = { kind: 'checkout' as const, purchaseId, session: facts, paymentIntentId };
  if (event.type === 'checkout.session.expired') return { ...meaning, expiredAt: event.created };
  if (event.type === 'checkout.session.async_payment_failed') return { ...meaning, failedAt: event.created };
  // Delayed payment methods complete the session unpaid; their money is reported by async_payment_succeeded.
  return session.payment_status === 'paid' ? { ...meaning, paidAt: event.created } : meaning;
}

function readPayment(facts: {
  paymentIntentId: string | null | undefined;
  purchaseId?: string | undefined;
  refundedCents?: number;
  disputedCents?: number;
}): EventMeaning {
  const { paymentIntentId, purchaseId = null, refundedCents = 0, disputedCents = 0 } = facts;
  if (paymentIntentId == null) return ignored('a charge without a payment intent was not made here');
  return { kind: 'payment', paymentIntentId, purchaseId, refundedCents, disputedCents };
}

function readCustomer(customerId: string | null | undefined): EventMeaning {
  return customerId == null ? ignored('it names no customer') : { kind: 'subscription', customerId };
}

function readInvoice(object: unknown): EventMeaning {
  const invoice = invoiceSchema.parse(object);
  const subscription = invoice.parent?.subscription_details?.subscription ?? invoice.subscription;
  return subscription == null ? ignored('an invoice outside of a subscription') : readCustomer(invoice.customer);
}

/** What the event means here. @throws ZodError when a known type lacks what it must have. */
export function readEvent(event: StripeEventIn): EventMeaning {
  switch (event.type) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired':
      return readSession(event);
    case 'charge.refunded': {
      const charge = chargeSchema.parse(event.object);
      const purchaseId = charge.metadata?.purchaseId;
      return readPayment({ paymentIntentId: charge.payment_intent, purchaseId, refundedCents: charge.amount_refunded });
    }
    case 'charge.dispute.created':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
    case 'charge.dispute.closed': {
      const dispute = disputeSchema.parse(event.object);
      if (dispute.status.startsWith('warning_')) return ignored('an inquiry of the bank moves no money');
      return readPayment({ paymentIntentId: dispute.payment_intent, disputedCents: dispute.amount });
    }
    case 'customer.subscription.created':
    case 'customer.subscription.updated':
    case 'customer.subscription.deleted':
      return readCustomer(customerSchema.parse(event.object).customer);
    case 'invoice.paid':
    case 'invoice.payment_failed':
      return readInvoice(event.object);
    default:
      return ignored('this type has no effect here');
  }
}
