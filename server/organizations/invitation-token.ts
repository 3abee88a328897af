import 'server-only';
import { createHash } from 'node:crypto';
import { now } from '@/server/platform/clock';
import { newSecret } from '@/server/platform/ids';
import { INVITATION_DAYS } from './schema';

/** A fresh link secret; only its hash is stored, so that reading the database gives nobody an invitation. */
export function newInvitationToken(): { token: string; tokenHash: string; expiresAt: Date } {
  const token = newSecret();
  return { token, tokenHash: hashToken(token), expiresAt: new Date(now().getTime() + INVITATION_DAYS * 86_400_000) };
}

/** SHA-256 in hex. The secret has 256 random bits: a slow hash would add nothing. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
