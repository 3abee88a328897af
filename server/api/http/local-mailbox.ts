import 'server-only';
import { db, openDatabase } from '@/server/platform/db';
import { env, localSignInAllowed } from '@/server/platform/env';

/** The newest local letters; null where the mailbox page must not exist. */
export async function localMailbox(): Promise<
  { id: string; to: string; subject: string; link: string | null; createdAt: Date }[] | null
> {
  if (env().SMTP_URL !== undefined || !localSignInAllowed()) return null;
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
