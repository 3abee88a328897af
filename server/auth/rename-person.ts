import 'server-only';
import { db } from '@/server/platform/db';

/** How a person is called in their teams and in letters. */
export async function renamePerson(userId: string, name: string): Promise<void> {
  await db().user.update({ where: { id: userId }, data: { name } });
}
