import { z } from 'zod';
import { now } from '@/server/platform/clock';
import { postgresSafeJson, withoutPersonalData } from './event-payload';

/** A Stripe event with what is needed of it. */
export interface StripeEventIn {
  id: string;
  type: string;
  created: Date;
  /** Of Stripe's live mode; undefined where the event does not say. */
  live: boolean | undefined;
  object: unknown;
  /**
   * JSON as it is stored: as it came, without what names the payer and without characters that cannot be stored; of a type
   * without an effect its name and time only.
   */
  payload: string;
  /** Signed, but not of the form of the events that have an effect here (a thin event, for instance). */
  foreign?: true;
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
      /**
       * US cents that the event calls refunded, where it comes for many reasons: it matters only if that is less than is known.
       * Null: Stripe is asked in any case.
       */
      refundedCents: number | null;
    }
  | {
      kind: 'subscription';
      customerId: string;
      /** The subscription to a plan of this instance whose invoice was paid just now. */
      paidFor?: string;
    }
  | { kind: 'ignored'; reason: string };

/** The last second of the year 9999: nothing later is a time, nor stored as one. */
const LAST_SECOND = 253_402_300_799;

const envelopeSchema = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  created: z.number().int().nonnegative().max(LAST_SECOND),
  livemode: z.boolean().optional(),
  data: z.object({ object: z.unknown() }),
});

/** What anything that Stripe sends has. */
const signedSchema = z.object({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  created: z.iso.datetime({ offset: true }).optional().catch(undefined),
});

/** Reads an event's JSON. @throws ZodError when it has neither id nor type. */
export function parseEvent(raw: string): StripeEventIn {
  const json = postgresSafeJson(JSON.parse(raw));
  const envelope = envelopeSchema.safeParse(json);
  if (!envelope.success) return foreignEvent(json);
  const { id, type, created, livemode, data } = envelope.data;
  // Of a type without an effect nothing is needed, and what it holds is not known here.
  const payload = JSON.stringify(READERS.has(type) ? withoutPersonalData(json) : { id, type, created });
  return { id, type, created: new Date(created * 1000), live: livemode, object: data.object, payload };
}

/** Kept as its name only: what the rest of it holds is not known here. */
function foreignEvent(json: unknown): StripeEventIn {
  const { id, type, created } = signedSchema.parse(json);
  const at = created === undefined ? now() : new Date(created);
  return { id, type, created: at, live: undefined, object: null, payload: JSON.stringify({ id, type }), foreign: true };
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
/** A refund or a dispute. */
const returnSchema = z.object({ payment_intent: reference });
const customerSchema = z.object({ customer: reference });
const invoiceSchema = z.object({
  customer: reference,
  amount_paid: z.number().optional(),
  amount_paid_off_stripe: z.number().optional(),
  parent: z
    .object({
      subscription_details: z
        .object({ subscription: reference, metadata: z.object({ organizationId: z.string().optional() }).nullish() })
        .nullish(),
    })
    .nullish(),
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

function readPayment(
  paymentIntentId: string | null | undefined,
  known: { purchaseId?: string | undefined; refundedCents?: number } = {},
): EventMeaning {
  if (paymentIntentId == null) return ignored('a charge without a payment intent was not made here');
  const { purchaseId = null, refundedCents = null } = known;
  return { kind: 'payment', paymentIntentId, purchaseId, refundedCents };
}

function readCharge({ object, type }: StripeEventIn): EventMeaning {
  const { payment_intent, metadata, amount_refunded } = chargeSchema.parse(object);
  const purchaseId = metadata?.purchaseId;
  return readPayment(payment_intent, {
    purchaseId,
    ...(type === 'charge.updated' ? { refundedCents: amount_refunded } : {}),
  });
}

function readCustomer(customerId: string | null | undefined): EventMeaning {
  return customerId == null ? ignored('it names no customer') : { kind: 'subscription', customerId };
}

function readInvoice(object: unknown): EventMeaning {
  const invoice = invoiceSchema.parse(object);
  const subscription = invoice.parent?.subscription_details?.subscription ?? invoice.subscription;
  return subscription == null ? ignored('an invoice outside of a subscription') : readCustomer(invoice.customer);
}

function readPaidInvoice(object: unknown): EventMeaning {
  const meaning = readInvoice(object);
  const { amount_paid = 0, amount_paid_off_stripe = 0, parent } = invoiceSchema.parse(object);
  const of = parent?.subscription_details;
  const ours = of?.metadata?.organizationId !== undefined && amount_paid + amount_paid_off_stripe > 0;
  return meaning.kind === 'subscription' && ours && of.subscription != null
    ? { ...meaning, paidFor: of.subscription }
    : meaning;
}

/** Neither its amount nor its status: how much went back is read from Stripe. */
function readReturn({ object }: StripeEventIn): EventMeaning {
  return readPayment(returnSchema.parse(object).payment_intent);
}

const readSubscription = ({ object }: StripeEventIn) => readCustomer(customerSchema.parse(object).customer);

/** The types that have an effect here. */
const READERS: ReadonlyMap<string, (event: StripeEventIn) => EventMeaning> = new Map([
  ['checkout.session.completed', readSession],
  ['checkout.session.async_payment_succeeded', readSession],
  ['checkout.session.async_payment_failed', readSession],
  ['checkout.session.expired', readSession],
  ['charge.refunded', readCharge],
  // Comes for many reasons; a refund that failed is one of them.
  ['charge.updated', readCharge],
  ['refund.created', readReturn],
  ['refund.failed', readReturn],
  ['refund.updated', readReturn],
  ['charge.refund.updated', readReturn],
  ['charge.dispute.created', readReturn],
  ['charge.dispute.updated', readReturn],
  ['charge.dispute.funds_withdrawn', readReturn],
  ['charge.dispute.funds_reinstated', readReturn],
  ['charge.dispute.closed', readReturn],
  ['customer.subscription.created', readSubscription],
  ['customer.subscription.updated', readSubscription],
  ['customer.subscription.deleted', readSubscription],
  ['invoice.paid', ({ object }) => readPaidInvoice(object)],
  ['invoice.payment_failed', ({ object }) => readInvoice(object)],
]);

/** What the event means here. @throws ZodError when a known type lacks what it must have. */
export function readEvent(event: StripeEventIn): EventMeaning {
  if (event.foreign) return ignored('an event without its object (thin): have the endpoint send snapshots');
  return READERS.get(event.type)?.(event) ?? ignored('this type has no effect here');
}
