import 'server-only';
import type { Prisma, Project, Run } from '@/prisma/generated/client';
import type { Plan } from '@/server/agents/schema';
import type { Quality } from '@/server/models/schema';
import { db, inTx, type Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { appendEvents, type EventScope, insertEvents } from '@/server/runs/stream/event-log';
import { RUN_LIMITS } from '@/server/runs/stream/run-limits';
import type { EventPayload } from '@/server/runs/stream/schema';
import { holdLease, type Lease, leaseLost } from './lease';
import type { SnapshotFiles } from './snapshot-files';

/** A journal line while its step is at work. */
export interface OpenStep {
  id: string;
  step: string;
  attempt: number;
  taskId: string | null;
  taskKey: string | null;
  /** Tries of this step that failed since a person last looked. */
  tries: number;
  /** False when an earlier try, or a worker that died, left the line. */
  fresh: boolean;
}

/** What every step gets. */
export interface StepContext {
  scope: EventScope;
  run: Run;
  project: Project;
  plan: Plan | null;
  files: SnapshotFiles;
  step: OpenStep;
  lease: Lease;
  signal: AbortSignal;
  /** provider:model; empty in a step that calls none. */
  model: string;
  /** Tried in this order when the model does not answer. */
  fallbacks: string[];
  quality: Quality;
}

export interface StepKey {
  step: string;
  attempt: number;
  taskId: string | null;
  taskKey: string | null;
}

/** Opens the journal line of a step; a line left running by a dead worker is taken up again. */
export async function beginStep(scope: EventScope, lease: Lease, key: StepKey): Promise<OpenStep> {
  return inTx(async (tx) => {
    const told = await insertEvents(tx, scope, [stepEvent(key, 'started')]);
    const [row] = await tx.$queryRaw<{ id: string; fresh: boolean; tries: number }[]>`
      WITH told AS (${told}), held AS (UPDATE "Run" SET "leaseExpiresAt" = now() + ${RUN_LIMITS.leaseMs}::int * interval '1 millisecond'
        WHERE "id" = ${lease.runId} AND "leaseToken" = ${lease.token}::bigint AND "leaseOwner" IS NOT NULL RETURNING "id")
      INSERT INTO "RunStep" ("id", "organizationId", "projectId", "runId", "taskId", "step", "attempt")
      SELECT ${newId()}, ${scope.organizationId}, ${scope.projectId}, held."id", ${key.taskId}, ${key.step}, ${key.attempt}::int FROM held
      ON CONFLICT ("runId", "step", "attempt") DO UPDATE SET "status" = 'running', "errorCode" = NULL, "errorMessage" = NULL
      RETURNING "id", (xmax = 0) AS fresh, coalesce(("output"->>'tries')::int, 0) AS tries`;
    if (row === undefined) throw leaseLost(lease.runId);
    return { ...key, ...row };
  });
}

export interface StepResult {
  output: Prisma.InputJsonObject;
  snapshotId?: string | null;
  modelCallId?: string | null;
  note?: string | null;
  /** What else happened, told before the step's end. */
  events?: readonly EventPayload[];
}

/** Closes the journal line, in the transaction of the step's effects. @throws AppError `lease_lost` */
export async function finishStep(tx: Tx, ctx: StepContext, result: StepResult): Promise<void> {
  const events = [...(result.events ?? []), stepEvent(ctx.step, 'done', result.note)];
  const told = await insertEvents(tx, ctx.scope, events);
  const [row] = await tx.$queryRaw<{ held: number }[]>`
    WITH told AS (${told}), held AS (UPDATE "Run" SET "leaseExpiresAt" = now() + ${RUN_LIMITS.leaseMs}::int * interval '1 millisecond'
      WHERE "id" = ${ctx.lease.runId} AND "leaseToken" = ${ctx.lease.token}::bigint AND "leaseOwner" IS NOT NULL RETURNING "id"),
    done AS (UPDATE "RunStep" SET "status" = 'done', "output" = ${JSON.stringify(result.output)}::jsonb,
      "snapshotId" = ${result.snapshotId ?? null}, "modelCallId" = ${result.modelCallId ?? null}, "finishedAt" = clock_timestamp()
      WHERE "id" = ${ctx.step.id} AND EXISTS (SELECT 1 FROM held) RETURNING "id")
    SELECT count(*)::int AS held FROM done`;
  if (row?.held !== 1) throw leaseLost(ctx.lease.runId);
}

/** Why a step ended without its effect. `details` are facts the page shows, such as what the step would have needed. */
export interface StepFailure {
  code: string;
  message: string;
  details?: Prisma.InputJsonObject;
  /** Failed tries to remember: 0 when a person has to look before the next one. */
  tries: number;
}

export async function failStep(
  { scope, lease, step }: Pick<StepContext, 'scope' | 'lease' | 'step'>,
  { code, message, details, tries }: StepFailure,
): Promise<void> {
  await inTx(async (tx) => {
    await appendEvents(tx, scope, [stepEvent(step, 'failed', message.slice(0, 200))]);
    await holdLease(tx, lease);
    await tx.runStep.updateMany({
      where: { id: step.id, status: 'running' },
      data: {
        status: 'failed',
        errorCode: code,
        errorMessage: message.slice(0, 500),
        finishedAt: new Date(),
        output: { ...details, tries },
      },
    });
  });
}

function stepEvent(
  { step, taskKey, attempt }: Pick<StepKey, 'step' | 'taskKey' | 'attempt'>,
  state: 'started' | 'done' | 'failed',
  note?: string | null,
): EventPayload {
  return { type: 'data-step', step, taskKey, attempt, state, ...(note === undefined ? {} : { note }) };
}

/** Part of a model call's idempotency key: how often this step has called before. */
export async function nextCallKey(ctx: StepContext): Promise<string> {
  const made = ctx.step.fresh ? 0 : await db().modelCall.count({ where: { stepId: ctx.step.id } });
  return `${ctx.run.id}:${ctx.step.step}:${ctx.step.attempt}:${made + 1}`;
}
