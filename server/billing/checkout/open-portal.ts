import 'server-only';
import { appUrl, askIfThere } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';

/**
 * Stripe's page for payment methods, receipts and invoices. @returns its address; null in mock mode and before the
 * organization has paid for anything. @throws AppError `payments_unavailable`
 */
export async function openPortal(input: {
  organizationId: string;
  returnTo?: string | undefined;
}): Promise<string | null> {
  if (mockPayments()) return null;
  const row = await db().organizationPlan.findUnique({ where: { organizationId: input.organizationId } });
  const customer = row?.stripeCustomerId;
  if (customer == null) return null;
  // A customer that was deleted at Stripe has nothing there; the next payment makes a new one.
  const session = await askIfThere((stripe) =>
    stripe.billingPortal.sessions.create({ customer, return_url: appUrl(input.returnTo ?? '/settings/billing') }),
  );
  return session?.url ?? null;
}
