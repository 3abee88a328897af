import 'server-only';
import { cache } from 'react';
import { db } from '@/server/platform/db';
import { currentCaller } from './caller';

/**
 * What a project is called, if it is one of the workspace that the request acts for; else null. Nobody signed in: a word that
 * tells nothing, the pages ask them to sign in.
 */
export const projectTitle = cache(async (projectId: string): Promise<string | null> => {
  const caller = await currentCaller();
  if (caller === null) return 'Project';
  const project = await db().project.findFirst({
    where: { id: projectId, organizationId: caller.organizationId },
    select: { title: true },
  });
  return project === null ? null : project.title || 'Project';
});
