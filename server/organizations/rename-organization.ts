import 'server-only';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

/** @throws AppError `not_found` */
export async function renameOrganization(organizationId: string, name: string): Promise<void> {
  const { count } = await db().organization.updateMany({
    where: { id: organizationId, deletedAt: null },
    data: { name },
  });
  if (count === 0) throw notFound('Organization');
}
