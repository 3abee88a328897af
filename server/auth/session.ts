import 'server-only';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { servesHttps } from '@/server/platform/env';

/**
 * next-auth's cookie. Over https the one with the prefix alone counts: browsers take it over https only, while another site of
 * the same domain, or a network without https, can plant the other.
 */
const sessionCookie = () => `${servesHttps() ? '__Secure-' : ''}next-auth.session-token`;

export interface SessionUser {
  userId: string;
  email: string;
  name: string | null;
}

/** The person whose session token the cookies hold; null when there is none or it has ended. */
export async function sessionUser(cookie: (name: string) => string | undefined): Promise<SessionUser | null> {
  const token = cookie(sessionCookie());
  if (token === undefined || token === '') return null;
  const session = await db().session.findUnique({ where: { sessionToken: token }, include: { user: true } });
  if (session === null || session.expires <= now() || session.user.deletedAt !== null) return null;
  return { userId: session.user.id, email: session.user.email, name: session.user.name };
}

/** Ends every session of a person, on every device. */
export async function signOutEverywhere(userId: string): Promise<void> {
  await db().session.deleteMany({ where: { userId } });
}
