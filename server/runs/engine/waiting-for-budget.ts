import 'server-only';
import { db } from '@/server/platform/db';

/**
 * Which of an organization's projects in `awaiting_credits` wait for a budget, their own or a member's; the others wait for
 * credits. No query where none waits.
 */
export async function projectsWaitingForBudget(
  organizationId: string,
  projects: readonly { id: string; status: string }[],
): Promise<Set<string>> {
  const waiting = projects.filter(({ status }) => status === 'awaiting_credits').map(({ id }) => id);
  if (waiting.length === 0) return new Set();
  // The newest step that could not begin says what the project waits for, as on its own page.
  const steps = await db().runStep.findMany({
    where: {
      organizationId,
      projectId: { in: waiting },
      status: 'failed',
      errorCode: { in: ['insufficient_credits', 'budget_exceeded'] },
    },
    orderBy: { finishedAt: 'desc' },
    distinct: ['projectId'],
    select: { projectId: true, errorCode: true },
  });
  return new Set(steps.filter(({ errorCode }) => errorCode === 'budget_exceeded').map(({ projectId }) => projectId));
}
