import 'server-only';
import { db } from '@/server/platform/db';
import { currentCaller } from './caller';

/** Whether a project is one of the workspace that the request acts for. Nobody signed in: true, the pages ask them to. */
export async function projectExists(projectId: string): Promise<boolean> {
  const caller = await currentCaller();
  if (caller === null) return true;
  return (await db().project.count({ where: { id: projectId, organizationId: caller.organizationId } })) > 0;
}
