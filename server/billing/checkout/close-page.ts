import 'server-only';
import { closePage } from '@/server/billing/closing/end-payments';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

/**
 * Closes a payment page again that was opened while its organization was deleted: after the deletion looked for open pages
 * nobody else does. Read after the page is there, so that either this or the deletion sees the other.
 * @throws AppError `not_found` when the organization is gone, `payments_unavailable`
 */
export async function keepPage(organizationId: string, sessionId: string): Promise<void> {
  const open = await db().organization.count({ where: { id: organizationId, deletedAt: null } });
  if (open === 1) return;
  await closePage(sessionId);
  throw notFound('Organization');
}
