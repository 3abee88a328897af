import 'server-only';
import { db, openDatabase } from '@/server/platform/db';
import { env, localSignInAllowed } from '@/server/platform/env';
import { isDirectConnection } from './direct-connection';
import { trustedHost } from './trusted-host';

/**
 * The newest local letters. Null where the mailbox page must not exist, under another site's name, and for everyone but a browser
 * on this machine that no proxy stands before.
 */
export async function localMailbox(
  headers: Headers,
): Promise<{ id: string; to: string; subject: string; link: string | null; createdAt: Date }[] | null> {
  if (env().SMTP_URL !== undefined || !localSignInAllowed()) return null;
  if (!trustedHost(headers) || !isDirectConnection(headers)) return null;
  await openDatabase();
  const rows = await db().localMail.findMany({ orderBy: { createdAt: 'desc' }, take: 20 });
  return rows.map(({ id, to, subject, text, createdAt }) => ({
    id,
    to,
    subject,
    createdAt,
    link: /https?:\/\/\S+/.exec(text)?.[0] ?? null,
  }));
}
