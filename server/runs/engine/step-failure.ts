import 'server-only';
import type { Project, Run } from '@/prisma/generated/client';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { type AppError, type AppErrorCode, isAppError, userMessageOf } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { appendEvents, type EventScope } from '@/server/runs/stream/event-log';
import { RUN_LIMITS } from '@/server/runs/stream/run-limits';
import { lockProject } from './actor';
import { dispatchRun } from './dispatch';
import { failStep, type OpenStep } from './journal';
import { giveLease, holdLease, type Lease, leaseLost } from './lease';
import { moveProject, moveRun } from './transitions';
import { findPayer, missingCredits, unlockText } from './unlock';

/**
 * How an advance ended: another worker holds the run (`elsewhere`), it waits for a person or has ended (`rests`), or it goes
 * on by itself at a time, for which its job is already in the queue.
 */
export type Advanced = 'elsewhere' | 'rests' | { at: Date };

/** Tries of one step before the run pauses. */
const STEP_TRIES = 3;

/** Nothing changes by trying again: a person has to. */
const FOR_A_PERSON: ReadonlySet<AppErrorCode> = new Set([
  'model_not_priced',
  'model_not_available',
  'own_key_refused',
  'provider_key_refused',
  'provider_quota_used_up',
  'model_unknown',
  'context_too_long',
  'answer_cut_off',
  'answer_refused',
  'capability_denied',
  'quality_not_allowed',
]);

export interface FailedStep {
  scope: EventScope;
  run: Run & { project: Project };
  step: OpenStep;
  lease: Lease;
  /** The person said stop, or the lease could not be renewed. */
  aborted: boolean;
}

/** Decides what a failed step means for the run: stop, pause, wait, or try again after a growing pause. */
export async function handleFailure(failed: FailedStep, error: unknown): Promise<'done' | Advanced> {
  const { lease, step, scope } = failed;
  const message = userMessageOf(error);
  const code = isAppError(error) ? error.code : 'internal';
  if (code === 'lease_lost') throw error;
  if (failed.aborted) {
    const row = await db().run.findUniqueOrThrow({ where: { id: lease.runId } });
    // Not by a person: the lease could not be renewed. The next worker goes on.
    if (row.command === null) throw leaseLost(lease.runId);
    await failStep(failed, { code, message, tries: 0 });
    await honourCommand(lease, { ...failed.run, command: row.command }, scope);
    return 'rests';
  }
  if (isAppError(error) && code === 'rate_limited') return waitForLimit(failed, error);
  if (isAppError(error) && (code === 'insufficient_credits' || code === 'budget_exceeded')) {
    const details = missingCredits(error.details);
    await failStep(failed, { code, message, details, tries: 0 });
    return pauseRunAs(failed, unlockText(code, details, await findPayer(failed.run)), 'awaiting_credits');
  }
  if (isAppError(error) && FOR_A_PERSON.has(error.code)) {
    await failStep(failed, { code, message, tries: 0 });
    return pauseRunAs(failed, message, 'paused');
  }
  logger().warn({ runId: lease.runId, step: step.step, code, err: error }, 'step failed');
  const tries = step.tries + 1;
  await failStep(failed, { code, message, tries: tries >= STEP_TRIES ? 0 : tries });
  if (tries >= STEP_TRIES) {
    const text = 'A step failed several times. Nothing was charged for the failed tries. Resume to try again.';
    return pauseRunAs(failed, text, 'paused');
  }
  return goOnLater(
    failed,
    retryPause(tries),
    (at) => `A step failed. Waiting until ${timeOf(at)}, then it is tried again.`,
  );
}

/** Milliseconds before the next try of a step that failed this often. */
export function retryPause(tries: number): number {
  return Math.min(RUN_LIMITS.stepRetryMs * 4 ** (tries - 1), RUN_LIMITS.stepRetryMaxMs);
}

/** The journal line stays open: the step has not failed, it has not begun. */
function waitForLimit(failed: FailedStep, { details }: AppError): Promise<'done' | Advanced> {
  const seconds = Number(details.retryAfterSeconds ?? 0);
  const asked = Number.isFinite(seconds) ? seconds * 1000 : 0;
  const pause = Math.min(Math.max(asked, RUN_LIMITS.stepRetryMs), RUN_LIMITS.rateWaitMaxMs);
  return goOnLater(
    failed,
    pause,
    (at) => `Too many requests. Waiting until ${timeOf(at)}, then the run goes on by itself.`,
  );
}

function timeOf(at: Date): string {
  return `${at.toISOString().slice(11, 19)} UTC`;
}

/** Back into the queue for later: no worker sleeps until then. A command that just came is honoured at once. */
async function goOnLater(
  { lease, run, scope }: FailedStep,
  pauseMs: number,
  reasonFor: (at: Date) => string,
): Promise<'done' | Advanced> {
  const at = new Date(now().getTime() + pauseMs);
  const reason = reasonFor(at);
  return inTx(async (tx) => {
    const project = await lockedProject(tx, scope);
    await holdLease(tx, lease);
    const { command } = await tx.run.findUniqueOrThrow({ where: { id: run.id }, select: { command: true } });
    if (command !== null) return 'done';
    await tx.project.update({ where: { id: project.id }, data: { statusReason: reason } });
    await appendEvents(tx, scope, [{ type: 'data-status', status: project.status, reason }]);
    await moveRun(tx, { runId: run.id, to: 'queued', from: ['running'], reason });
    await giveLease(tx, lease);
    await dispatchRun(tx, run, { afterMs: pauseMs });
    return { at };
  });
}

/** Pauses at a step boundary: a person resumes the same run. */
async function pauseRunAs(
  { lease, scope }: FailedStep,
  reason: string,
  to: 'paused' | 'awaiting_credits',
): Promise<'rests'> {
  await inTx(async (tx) => {
    const { status } = await lockedProject(tx, scope);
    await holdLease(tx, lease);
    await moveRun(tx, { runId: lease.runId, to: 'paused', reason });
    await moveProject(tx, { ...scope, to, reason, resumeStatus: status });
    await giveLease(tx, lease);
  });
  return 'rests';
}

export async function honourCommand(lease: Lease, run: Pick<Run, 'id' | 'command'>, scope: EventScope): Promise<void> {
  const stop = run.command === 'stop';
  const reason = stop
    ? 'Stopped by you. Resume goes on with the step that was stopped; nothing was charged for it. Earlier steps of the task stay charged until its review: resume uses them.'
    : 'Paused by you.';
  await inTx(async (tx) => {
    const { status } = await lockedProject(tx, scope);
    await holdLease(tx, lease);
    await moveRun(tx, { runId: run.id, to: stop ? 'stopped' : 'paused', reason });
    await moveProject(tx, { ...scope, to: 'paused', reason, resumeStatus: status });
    await giveLease(tx, lease);
  });
}

async function lockedProject(tx: Tx, scope: EventScope): Promise<Project> {
  await lockProject(tx, scope);
  return tx.project.findUniqueOrThrow({ where: { id: scope.projectId } });
}
