import 'server-only';
import Stripe from 'stripe';
import { ZodError } from 'zod';
import { stripe } from '@/server/billing/stripe-client';
import { env } from '@/server/platform/env';
import { AppError, notFound } from '@/server/platform/errors';
import { parseEvent, type StripeEventIn } from './read-event';

/** Oldest signature that is accepted, seconds: Stripe's own recommendation against replayed deliveries. */
export const SIGNATURE_TOLERANCE_SECONDS = 300;

/**
 * The event in a webhook's body: first its signature over exactly these bytes is verified, then it is parsed, whatever its
 * form. Stripe's `constructEvent` does both and throws for the thin form. @throws AppError `invalid_input` (signature
 * missing, empty, wrong or old; no event), `not_found` (no webhook secret is set)
 */
export async function verifyEvent(raw: string, signature: string | null): Promise<StripeEventIn> {
  const secret = env().STRIPE_WEBHOOK_SECRET;
  if (secret === undefined) throw notFound('Webhook');
  if (!signature) throw new AppError('invalid_input', 'the stripe-signature header is missing');
  const verifier = stripe().webhooks.signature;
  if (verifier === null) throw new Error('Stripe’s library has no signature verifier');
  try {
    await verifier.verifyHeaderAsync(raw, signature, secret, SIGNATURE_TOLERANCE_SECONDS);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
      throw new AppError('invalid_input', 'the signature does not fit the body', { cause: error });
    }
    throw error;
  }
  try {
    return parseEvent(raw);
  } catch (error) {
    // No JSON, nested deeper than the stack, or without id and type: sent again it would be the same.
    if (error instanceof SyntaxError || error instanceof RangeError || error instanceof ZodError) {
      throw new AppError('invalid_input', 'the body is no event', { cause: error });
    }
    throw error;
  }
}
