import 'server-only';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { hashToken } from './invitation-token';
import type { Role } from './schema';

export interface InvitationView {
  team: string;
  email: string;
  role: Role;
  from: string | null;
  state: 'open' | 'accepted' | 'revoked' | 'expired';
}

/** What the holder of a link may know of it; null when there is no such invitation. */
export async function viewInvitation(token: string): Promise<InvitationView | null> {
  const row = await db().invitation.findUnique({
    where: { tokenHash: hashToken(token) },
    include: { organization: { select: { name: true, deletedAt: true } } },
  });
  if (row === null || row.organization.deletedAt !== null) return null;
  const inviter =
    row.invitedById === null
      ? null
      : await db().user.findUnique({
          where: { id: row.invitedById },
          select: { name: true, email: true, deletedAt: true },
        });
  return {
    team: row.organization.name,
    email: row.email,
    role: row.role,
    from: inviter === null || inviter.deletedAt !== null ? null : (inviter.name ?? inviter.email),
    state: stateOf(row),
  };
}

export function stateOf(row: {
  acceptedAt: Date | null;
  revokedAt: Date | null;
  expiresAt: Date;
}): InvitationView['state'] {
  if (row.acceptedAt !== null) return 'accepted';
  if (row.revokedAt !== null) return 'revoked';
  return row.expiresAt <= now() ? 'expired' : 'open';
}
