import 'server-only';
import Stripe from 'stripe';
import { env } from '@/server/platform/env';
import { AppError, isAppError } from '@/server/platform/errors';
import { describeRefusal, noteRefusal } from './refusals';

/** Longest wait for one answer of Stripe, milliseconds. */
const TIMEOUT_MS = 20_000;
/** The client sends the same idempotency key with each try. */
const NETWORK_RETRIES = 2;

let cached: { key: string; client: Stripe } | undefined;

/** The Stripe client. @throws AppError `payments_unavailable` without STRIPE_SECRET_KEY. */
export function stripe(): Stripe {
  const { STRIPE_SECRET_KEY, STRIPE_API_BASE } = env();
  if (STRIPE_SECRET_KEY === undefined) {
    throw new AppError('payments_unavailable', 'STRIPE_SECRET_KEY is not set', {
      userMessage: 'Payments are not set up on this instance.',
    });
  }
  const key = `${STRIPE_SECRET_KEY} ${STRIPE_API_BASE ?? ''}`;
  if (cached?.key !== key) {
    cached = { key, client: new Stripe(STRIPE_SECRET_KEY, { ...address(STRIPE_API_BASE), ...COMMON }) };
  }
  return cached.client;
}

/** Whether the configured key moves real money. */
export function isLiveMode(): boolean {
  return env().STRIPE_SECRET_KEY?.includes('_live_') ?? false;
}

const COMMON = { timeout: TIMEOUT_MS, maxNetworkRetries: NETWORK_RETRIES, telemetry: false } as const;

function address(base: string | undefined) {
  if (base === undefined) return {};
  const url = new URL(base);
  const protocol = url.protocol === 'http:' ? ('http' as const) : ('https' as const);
  return { protocol, host: url.hostname, port: url.port === '' ? (protocol === 'http' ? 80 : 443) : Number(url.port) };
}

/**
 * Asks Stripe, with every error of it as ours; the original is the `cause`. What the answer changed before it failed is not
 * known here, so no message says that nothing was changed, except for a card, which Stripe tries before anything else.
 * @throws AppError `payment_declined` (the card), `payments_unavailable` (Stripe cannot be reached, is busy, or refused the
 *   request)
 */
export async function askStripe<T>(ask: (client: Stripe) => Promise<T>): Promise<T> {
  try {
    return await ask(stripe());
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    const refusal = asAppError(error);
    if (refusal.details.reason === REFUSED && !isMissing(refusal)) await noteRefusal(error);
    throw refusal;
  }
}

type StripeError = InstanceType<typeof Stripe.errors.StripeError>;

/** `details.reason` of an error for which the operator has to do something. */
const REFUSED = 'refused_by_stripe';

function asAppError(error: StripeError): AppError {
  const { StripeCardError, StripeConnectionError, StripeAPIError, StripeRateLimitError } = Stripe.errors;
  if (CONFIRMATION.has(error.code ?? '')) {
    return new AppError('payment_declined', `the bank asks the payer to confirm: ${error.code}`, {
      userMessage:
        'Your bank wants you to confirm this payment, which is not possible here. Nothing was charged or changed. Choose a payment method that needs no confirmation, then try again.',
      details: { reason: 'confirmation_needed' },
      cause: error,
    });
  }
  if (error instanceof StripeCardError) {
    return new AppError('payment_declined', `the card was declined: ${error.code ?? 'no code'}`, {
      userMessage: 'The card was declined. Nothing was changed.',
      cause: error,
    });
  }
  if ([StripeConnectionError, StripeAPIError, StripeRateLimitError].some((kind) => error instanceof kind)) {
    return new AppError('payments_unavailable', `Stripe does not answer: ${error.type}`, {
      userMessage: 'The payment service does not answer at the moment. Try again in a minute.',
      cause: error,
    });
  }
  return new AppError('payments_unavailable', `Stripe refused a request: ${describeRefusal(error)}`, {
    userMessage:
      'The payment service refused this request. The operator of this instance sees the reason and has to act first.',
    details: { reason: REFUSED },
    cause: error,
  });
}

/** 3-D Secure: the card is good, but its bank wants to hear it from the payer. */
const CONFIRMATION: ReadonlySet<string> = new Set([
  'authentication_required',
  'subscription_payment_intent_requires_action',
]);

/** Whether Stripe said that the object does not exist (any more). `param`: the one that named it. */
export function isMissing(error: unknown, param?: string): boolean {
  const cause = isAppError(error) ? error.cause : error;
  return (
    cause instanceof Stripe.errors.StripeInvalidRequestError &&
    cause.code === 'resource_missing' &&
    (param === undefined || cause.param === param)
  );
}

/** `ask`, or null where Stripe does not have (any more) what is asked about. @throws as `askStripe` */
export async function askIfThere<T>(ask: (client: Stripe) => Promise<T>): Promise<T | null> {
  try {
    return await askStripe(ask);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** An absolute address of this application, for Stripe to send people back to. */
export function appUrl(path: string): string {
  const { APP_URL, PORT } = env();
  return new URL(path, APP_URL ?? `http://localhost:${PORT}`).toString();
}
