import 'server-only';
import type { ProjectStatus, RunStatus, TaskStatus } from '@/prisma/generated/enums';
import type { Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { appendEvents, type EventScope } from '@/server/runs/stream/event-log';

/** Every allowed move of a project. A move is a conditional update: the second one is told. */
export const PROJECT_MOVES: Record<ProjectStatus, readonly ProjectStatus[]> = {
  draft: ['clarifying', 'planning', 'archived'],
  clarifying: ['planning', 'draft', 'paused', 'awaiting_credits', 'failed', 'archived'],
  planning: ['awaiting_approval', 'completed', 'draft', 'paused', 'awaiting_credits', 'failed', 'archived'],
  awaiting_approval: ['implementing', 'planning', 'archived'],
  implementing: ['awaiting_refinement', 'awaiting_credits', 'paused', 'documenting', 'failed'],
  awaiting_refinement: ['implementing', 'paused', 'planning', 'archived'],
  awaiting_credits: ['clarifying', 'planning', 'implementing', 'documenting', 'archived'],
  paused: ['clarifying', 'planning', 'implementing', 'documenting', 'archived'],
  documenting: ['completed', 'awaiting_credits', 'paused', 'failed'],
  completed: ['planning', 'archived'],
  failed: ['clarifying', 'planning', 'implementing', 'documenting', 'archived'],
  archived: ['draft', 'completed', 'paused', 'awaiting_approval'],
};

export function fromStatuses(to: ProjectStatus): ProjectStatus[] {
  return (Object.keys(PROJECT_MOVES) as ProjectStatus[]).filter((from) => PROJECT_MOVES[from].includes(to));
}

export interface MoveProject extends EventScope {
  to: ProjectStatus;
  /** Narrows where it may come from; always within PROJECT_MOVES. */
  from?: readonly ProjectStatus[];
  reason?: string | null;
  resumeStatus?: ProjectStatus | null;
}

/** @throws AppError `wrong_status` when the project is not in a status this may come from. */
export async function moveProject(tx: Tx, move: MoveProject): Promise<void> {
  const allowed = fromStatuses(move.to).filter((status) => move.from === undefined || move.from.includes(status));
  const { count } = await tx.project.updateMany({
    where: { id: move.projectId, organizationId: move.organizationId, status: { in: allowed } },
    data: { status: move.to, statusReason: move.reason ?? null, resumeStatus: move.resumeStatus ?? null },
  });
  if (count === 0)
    throw new AppError('wrong_status', `project ${move.projectId} cannot become ${move.to} now`, {
      userMessage: 'The project has moved on: reload to see where it stands.',
    });
  await appendEvents(tx, move, [{ type: 'data-status', status: move.to, reason: move.reason ?? null }]);
}

export const RUN_MOVES: Record<RunStatus, readonly RunStatus[]> = {
  queued: ['running', 'paused', 'stopped', 'failed'],
  running: ['queued', 'waiting', 'paused', 'stopped', 'completed', 'failed'],
  waiting: ['queued', 'stopped', 'paused', 'completed'],
  paused: ['queued', 'stopped'],
  stopped: ['queued'],
  completed: [],
  failed: ['queued'],
};

/** @throws AppError `wrong_status` */
export async function moveRun(
  tx: Tx,
  input: { runId: string; to: RunStatus; from?: readonly RunStatus[]; reason?: string | null },
): Promise<void> {
  const allowed = (Object.keys(RUN_MOVES) as RunStatus[]).filter(
    (from) => RUN_MOVES[from].includes(input.to) && (input.from === undefined || input.from.includes(from)),
  );
  const finished = input.to === 'completed' || input.to === 'failed';
  // A command that arrived just now is still to be read by the worker that goes on.
  const goesOn = input.to === 'queued' || input.to === 'running';
  const { count } = await tx.run.updateMany({
    where: { id: input.runId, status: { in: allowed } },
    data: {
      status: input.to,
      reason: input.reason ?? null,
      ...(goesOn ? {} : { command: null }),
      ...(finished ? { finishedAt: new Date() } : {}),
    },
  });
  if (count === 0) throw new AppError('wrong_status', `run ${input.runId} cannot become ${input.to} now`);
}

export async function moveTask(
  tx: Tx,
  scope: EventScope,
  task: { id: string; key: string },
  to: TaskStatus,
  from: readonly TaskStatus[],
): Promise<void> {
  const { count } = await tx.task.updateMany({
    where: { id: task.id, organizationId: scope.organizationId, status: { in: [...from] } },
    data: {
      status: to,
      ...(to === 'approved' || to === 'accepted' || to === 'skipped' ? { finishedAt: new Date() } : {}),
    },
  });
  if (count === 0) throw new AppError('wrong_status', `task ${task.key} cannot become ${to} now`);
  await appendEvents(tx, scope, [{ type: 'data-task', taskKey: task.key, status: to }]);
}
