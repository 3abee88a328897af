import 'server-only';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

/** @throws AppError `not_found` */
export async function viewOrganization(organizationId: string) {
  const row = await db().organization.findFirst({
    where: { id: organizationId, deletedAt: null },
    select: {
      id: true,
      name: true,
      kind: true,
      createdAt: true,
      plan: { select: { plan: { select: { id: true, name: true } } } },
      _count: { select: { memberships: true, projects: true } },
    },
  });
  if (row === null) throw notFound('Organization');
  const { id, name, kind, createdAt, plan, _count } = row;
  return {
    id,
    name,
    kind,
    createdAt,
    plan: plan?.plan ?? null,
    members: _count.memberships,
    projects: _count.projects,
  };
}
