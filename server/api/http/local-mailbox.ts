import 'server-only';
import { db, openDatabase } from '@/server/platform/db';
import { env, localSignInAllowed } from '@/server/platform/env';
import { trustedHost } from './trusted-host';

/** The newest local letters; null where the mailbox page must not exist, nor under another site's name. */
export async function localMailbox(
  headers: Headers,
): Promise<{ id: string; to: string; subject: string; link: string | null; createdAt: Date }[] | null> {
  if (env().SMTP_URL !== undefined || !localSignInAllowed() || !trustedHost(headers)) return null;
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
