import 'server-only';
import { db } from '@/server/platform/db';

/** What people are called now, by their id. Looked up each time: a name that was stored would outlive its account. */
export async function namesOf(ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const users = await db().user.findMany({
    where: { id: { in: [...new Set(ids)] } },
    select: { id: true, name: true, email: true, deletedAt: true },
  });
  return new Map(
    users.map(({ id, name, email, deletedAt }) => [id, deletedAt === null ? (name ?? email) : 'Somebody who left']),
  );
}
