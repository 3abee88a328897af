import 'server-only';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import type { Actor } from '@/server/runs/engine/actor';
import { namesOf } from '@/server/runs/stream/names-of';

/** The versions of a project's plan, newest first, with who made each. @throws AppError `not_found` */
export async function listPlanVersions({ organizationId, projectId, userId }: Actor) {
  if ((await db().project.count({ where: { id: projectId, organizationId } })) === 0) throw notFound('Project');
  const rows = await db().planVersion.findMany({
    where: { projectId, organizationId },
    orderBy: { version: 'desc' },
    select: { version: true, author: true, createdAt: true, approvedAt: true },
  });
  const names = await namesOf(rows.map(({ author }) => author));
  return rows.map(({ author, ...row }) => ({
    ...row,
    by: author === 'architect' ? 'architect' : author === userId ? 'you' : (names.get(author) ?? 'a member'),
  }));
}
