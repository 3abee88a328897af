import 'server-only';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';

/** Invitations that nobody has taken yet, newest first; `expired` ones can be sent again. */
export async function listInvitations(organizationId: string) {
  const rows = await db().invitation.findMany({
    where: { organizationId, acceptedAt: null, revokedAt: null },
    select: { id: true, email: true, role: true, expiresAt: true, createdAt: true },
    orderBy: { createdAt: 'desc' },
  });
  return rows.map((row) => ({ ...row, expired: row.expiresAt <= now() }));
}
