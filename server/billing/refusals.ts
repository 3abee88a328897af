import 'server-only';
import type Stripe from 'stripe';
import { z } from 'zod';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';

// What Stripe refused (400, 401, 403, 404) is the operator's to mend: it is logged, and the last one stands on the operator's page.

const SETTING = 'payments.refused';

const refusalSchema = z.object({ at: z.coerce.date(), reason: z.string(), advice: z.string() });
export type PaymentRefusal = z.infer<typeof refusalSchema>;

type StripeError = Pick<Stripe.errors.StripeError, 'statusCode' | 'code' | 'param' | 'message' | 'requestId'>;

/** `401 api_key_invalid: Invalid API Key provided: sk_test_***ripe`: Stripe's own messages hide keys. */
export function describeRefusal({ statusCode, code, param, message }: StripeError): string {
  const parts = [statusCode, code, param === undefined ? undefined : `(${param})`];
  return `${parts.filter((part) => part !== undefined).join(' ')}: ${message}`.slice(0, 500);
}

function adviceFor(status: number | undefined): string {
  if (status === 401) return 'Stripe does not accept STRIPE_SECRET_KEY. Set a key of this account that is not revoked.';
  if (status === 403) return 'The restricted key lacks a permission. The operator guide lists those that are needed.';
  return 'Stripe does not accept the request. Look at the account in Stripe’s dashboard and at the log.';
}

/** Logs the refusal and keeps it for the operator's page. Does not throw. */
export async function noteRefusal(error: StripeError): Promise<void> {
  const value = { at: now().toISOString(), reason: describeRefusal(error), advice: adviceFor(error.statusCode) };
  logger().error({ ...value, stripeRequest: error.requestId }, 'Stripe refused a request');
  try {
    await db().instanceSetting.upsert({
      where: { key: SETTING },
      create: { key: SETTING, value, updatedAt: now() },
      update: { value, updatedAt: now() },
    });
  } catch (failure) {
    logger().error({ err: failure }, 'the refusal could not be kept for the operator’s page');
  }
}

/** How long a refusal is shown, milliseconds (7 days): it may have been mended since. */
const SHOWN_MS = 7 * 86_400_000;

/** What Stripe refused last within a week, or null. */
export async function lastRefusal(): Promise<PaymentRefusal | null> {
  const row = await db().instanceSetting.findUnique({ where: { key: SETTING } });
  if (row === null || now().getTime() - row.updatedAt.getTime() > SHOWN_MS) return null;
  return refusalSchema.parse(row.value);
}
