import 'server-only';
import { askStripe } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

/**
 * Closes a payment page that was opened while its organization was deleted: the deletion may have looked for pages before.
 * The organization is read after the page is there, so that either this or the deletion sees the other.
 * @throws AppError `not_found` when the organization is gone, `payments_unavailable`
 */
export async function closeIfOrganizationGone(organizationId: string, sessionId: string): Promise<void> {
  const open = await db().organization.count({ where: { id: organizationId, deletedAt: null } });
  if (open === 1) return;
  await closePage(sessionId);
  throw notFound('Organization');
}

/**
 * Closes a payment page that is open; one that was paid or has expired is left. @returns whether it was open
 * @throws AppError `payments_unavailable`
 */
export async function closePage(id: string): Promise<boolean> {
  const isOpen = async () => (await askStripe((stripe) => stripe.checkout.sessions.retrieve(id))).status === 'open';
  if (!(await isOpen())) return false;
  try {
    await askStripe((stripe) => stripe.checkout.sessions.expire(id));
    return true;
  } catch (error) {
    // It may have been paid or have expired a moment ago.
    if (await isOpen()) throw error;
    return false;
  }
}
