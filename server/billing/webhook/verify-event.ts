import 'server-only';
import Stripe from 'stripe';
import { stripe } from '@/server/billing/stripe-client';
import { env } from '@/server/platform/env';
import { AppError, notFound } from '@/server/platform/errors';
import { parseEvent, type StripeEventIn } from './read-event';

/** Oldest signature that is accepted, seconds: Stripe's own recommendation against replayed deliveries. */
export const SIGNATURE_TOLERANCE_SECONDS = 300;

/**
 * The event in a webhook's body, after its signature over exactly these bytes was verified.
 * @throws AppError `invalid_input` (signature missing, wrong or old), `not_found` (no webhook secret is set)
 */
export async function verifyEvent(raw: string, signature: string | null): Promise<StripeEventIn> {
  const secret = env().STRIPE_WEBHOOK_SECRET;
  if (secret === undefined) throw notFound('Webhook');
  if (signature === null) throw new AppError('invalid_input', 'the stripe-signature header is missing');
  try {
    await stripe().webhooks.constructEventAsync(raw, signature, secret, SIGNATURE_TOLERANCE_SECONDS);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
      throw new AppError('invalid_input', 'the signature does not fit the body', { cause: error });
    }
    throw error;
  }
  return parseEvent(raw);
}
