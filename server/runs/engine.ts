import 'server-only';
import { z } from 'zod';
import type { Project, Run } from '@/prisma/generated/client';
import { planSchema } from '@/server/agents/schema';
import { indexSnapshot } from '@/server/code-search/index-snapshot';
import { resolveModel } from '@/server/models/catalog';
import { reclaimOpenCalls } from '@/server/models/gateway';
import { QUALITIES } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { embedderOf } from './embedder';
import type { EventScope } from './event-log';
import { beginStep, failStep, type StepContext } from './journal';
import { giveLease, holdLease, type Lease, takeLease } from './lease';
import { RUN_LIMITS } from './limits';
import { type Next, nextBuildStep, nextDesignStep } from './next-step';
import { clarifyStep, planStep, specStep } from './steps/design';
import { completeStep, documentStep, finalCheckStep } from './steps/finish';
import { applyStep, implementStep, reapplyStep, repairStep } from './steps/implement';
import { checkStep, reviewStep } from './steps/verify';
import { moveProject, moveRun } from './transitions';

const STEPS: Record<string, (ctx: StepContext) => Promise<void>> = {
  clarify: clarifyStep,
  spec: specStep,
  plan: planStep,
  implement: implementStep,
  apply: applyStep,
  repair: repairStep,
  reapply: reapplyStep,
  check: checkStep,
  review: reviewStep,
  document: documentStep,
  'final-check': finalCheckStep,
  complete: completeStep,
};

/** Failed tries of one step before the run pauses. */
const STEP_TRIES = 3;

export interface AdvanceOptions {
  /** Who takes the lease: unique per process start. */
  owner: string;
  /** The worker is closing: finish the step at hand, or stop it at the next safe point. */
  signal?: AbortSignal | undefined;
}

/**
 * Carries a run forward step by step until it waits for a person, is paused, or has ended.
 * @returns false when another worker holds it.
 */
export async function advanceRun(runId: string, { owner, signal }: AdvanceOptions): Promise<boolean> {
  const lease = await takeLease(runId, owner);
  if (lease === null) return false;
  const abort = new AbortController();
  const guard = startGuard(lease, abort);
  try {
    await reclaimOpenCalls({ runId, createdBefore: new Date(now().getTime() + 60_000) });
    let failures = 0;
    while (!signal?.aborted) {
      const outcome = await advanceOnce(lease, abort);
      if (outcome === 'stopped') break;
      failures = outcome === 'failed' ? failures + 1 : 0;
      if (failures >= STEP_TRIES) {
        await pauseRunAs(
          lease,
          'A step failed several times. Nothing was charged for the failed tries. Resume to try again.',
          'paused',
        );
        break;
      }
    }
  } catch (error) {
    if (!isAppError(error) || error.code !== 'lease_lost') throw error;
    logger().warn({ runId }, 'the lease was lost; another worker goes on');
  } finally {
    guard();
    await giveLease(lease);
    await Promise.allSettled(indexing);
    indexing.clear();
  }
  return true;
}

/** Renews the lease and watches for the user's command while a step runs. */
function startGuard(lease: Lease, abort: AbortController): () => void {
  const renewal = setInterval(() => {
    holdLease(db(), lease).catch((error: unknown) => abort.abort(error));
  }, RUN_LIMITS.leaseRenewMs);
  const command = setInterval(() => {
    db()
      .run.findUnique({ where: { id: lease.runId }, select: { command: true } })
      .then((row) => {
        if (row?.command === 'stop') abort.abort(new Error('stopped'));
      })
      .catch((error: unknown) => logger().warn({ err: error }, 'command not read'));
  }, RUN_LIMITS.commandPollMs);
  return () => {
    clearInterval(renewal);
    clearInterval(command);
  };
}

type Outcome = 'done' | 'failed' | 'stopped';

async function advanceOnce(lease: Lease, abort: AbortController): Promise<Outcome> {
  const run = await db().run.findUniqueOrThrow({ where: { id: lease.runId }, include: { project: true } });
  const scope: EventScope = { organizationId: run.organizationId, projectId: run.projectId };
  if (run.command !== null) {
    await honourCommand(lease, run, scope);
    return 'stopped';
  }
  if (run.status === 'queued') await inTx((tx) => moveRun(tx, { runId: run.id, to: 'running', from: ['queued'] }));
  else if (run.status !== 'running') return 'stopped';
  const next = await nextStep(run, run.project);
  if (next.kind !== 'step') {
    if (next.kind === 'wait') await inTx((tx) => moveRun(tx, { runId: run.id, to: 'waiting', from: ['running'] }));
    return 'stopped';
  }
  return runStep(lease, run, scope, next, abort);
}

async function nextStep(run: Run, project: Project): Promise<Next> {
  const lines = await db().runStep.findMany({
    where: { runId: run.id },
    select: { step: true, attempt: true, status: true, output: true },
  });
  const journal = lines.map((line) => ({
    ...line,
    output: z.object({ ok: z.boolean().optional(), waits: z.boolean().optional() }).parse(line.output),
  }));
  if (run.kind === 'design') {
    const answers = await db().document.count({ where: { projectId: project.id, kind: 'answers' } });
    return nextDesignStep(journal, answers > 0);
  }
  const tasks = await db().task.findMany({
    where: { projectId: project.id },
    select: { id: true, key: true, position: true, status: true, attempts: true },
  });
  return nextBuildStep(journal, tasks);
}

/** Indexing goes on beside the steps: a step never waits for an embedding. */
const indexing = new Set<Promise<void>>();

async function runStep(
  lease: Lease,
  run: Run & { project: Project },
  scope: EventScope,
  next: Extract<Next, { kind: 'step' }>,
  abort: AbortController,
): Promise<Outcome> {
  const name = next.step.split(':')[0] ?? '';
  const execute = STEPS[name];
  if (execute === undefined) throw new Error(`unknown step ${next.step}`);
  const planRow =
    run.project.planVersion === 0
      ? null
      : await db().planVersion.findUnique({
          where: { projectId_version: { projectId: scope.projectId, version: run.project.planVersion } },
        });
  const quality = QUALITIES.find((id) => id === run.project.quality) ?? 'fast';
  const step = await beginStep(scope, lease, next);
  let ctx: StepContext | null = null;
  try {
    ctx = {
      scope,
      run,
      project: run.project,
      plan: planRow === null ? null : planSchema.parse(planRow.plan),
      step,
      lease,
      signal: abort.signal,
      quality,
      model: await resolveModel(run.project.modelRef, quality),
    };
    await execute(ctx);
    if (name === 'review' || name === 'document') indexing.add(indexHead(scope));
    return 'done';
  } catch (error) {
    return handleFailure(lease, { scope, run, step, ctx }, abort, error);
  }
}

interface FailedStep {
  scope: EventScope;
  run: Run & { project: Project };
  step: StepContext['step'];
  ctx: StepContext | null;
}

async function handleFailure(
  lease: Lease,
  failed: FailedStep,
  abort: AbortController,
  error: unknown,
): Promise<Outcome> {
  const code = isAppError(error) ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'lease_lost') throw error;
  if (failed.ctx !== null) await failStep(failed.ctx, code, isAppError(error) ? error.userMessage : message);
  if (abort.signal.aborted) {
    await holdLease(db(), lease);
    const row = await db().run.findUniqueOrThrow({ where: { id: lease.runId } });
    await honourCommand(lease, { ...failed.run, command: row.command ?? 'stop' }, failed.scope);
    return 'stopped';
  }
  if (code === 'insufficient_credits' || code === 'budget_exceeded') {
    await pauseRunAs(lease, isAppError(error) ? unlockText(error.code, error.details) : message, 'awaiting_credits');
    return 'stopped';
  }
  if (
    code === 'model_not_priced' ||
    code === 'model_not_available' ||
    code === 'capability_denied' ||
    code === 'quality_not_allowed' ||
    code === 'rate_limited'
  ) {
    await pauseRunAs(lease, isAppError(error) ? error.userMessage : message, 'paused');
    return 'stopped';
  }
  logger().warn({ runId: failed.run.id, step: failed.step.step, code, err: error }, 'step failed');
  return 'failed';
}

function unlockText(code: string, details: Record<string, unknown>): string {
  const shown = (value: unknown) => (Number(value ?? 0) / 1_000_000).toFixed(4);
  const need = `The next step needs up to ${shown(details.required)} credits; ${shown(details.available)} are available.`;
  return code === 'budget_exceeded'
    ? `${need} Raise the budget of this project, then resume.`
    : `${need} Wait for the monthly credits or top up, then resume.`;
}

/** Pauses at a step boundary: a person resumes the same run. */
async function pauseRunAs(lease: Lease, reason: string, status: 'paused' | 'awaiting_credits'): Promise<void> {
  await inTx(async (tx) => {
    await holdLease(tx, lease);
    const run = await tx.run.findUniqueOrThrow({ where: { id: lease.runId }, include: { project: true } });
    await moveRun(tx, { runId: run.id, to: 'paused', reason });
    await moveProject(tx, {
      organizationId: run.organizationId,
      projectId: run.projectId,
      to: status,
      reason,
      resumeStatus: run.project.status,
    });
  });
}

async function honourCommand(lease: Lease, run: Run & { project: Project }, scope: EventScope): Promise<void> {
  const stop = run.command === 'stop';
  const reason = stop
    ? 'Stopped by you. Resume goes on with the step that was stopped; nothing was charged for it.'
    : 'Paused by you.';
  await inTx(async (tx) => {
    await holdLease(tx, lease);
    const project = await tx.project.findUniqueOrThrow({ where: { id: scope.projectId } });
    await moveRun(tx, { runId: run.id, to: stop ? 'stopped' : 'paused', reason });
    await moveProject(tx, { ...scope, to: 'paused', reason, resumeStatus: project.status });
  });
}

/** The index follows the head. Its failure never fails a run: search says what it knows. */
async function indexHead(scope: EventScope): Promise<void> {
  const project = await db().project.findUnique({ where: { id: scope.projectId }, select: { headSnapshotId: true } });
  if (!project?.headSnapshotId) return;
  try {
    await indexSnapshot({ ...scope, snapshotId: project.headSnapshotId, embedCallFor: embedderOf(scope) });
  } catch (error) {
    logger().warn({ err: error, projectId: scope.projectId }, 'indexing failed');
  }
}
