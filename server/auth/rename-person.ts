import 'server-only';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

/** How a person is called in their teams and in letters. @throws AppError `not_found` when the account was deleted */
export async function renamePerson(userId: string, name: string): Promise<void> {
  const { count } = await db().user.updateMany({ where: { id: userId, deletedAt: null }, data: { name } });
  if (count === 0) throw notFound('User');
}
