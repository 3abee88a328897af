import 'server-only';
import type { Prisma, Project, Run, RunStep } from '@/prisma/generated/client';
import type { Plan } from '@/server/agents/schema';
import type { Quality } from '@/server/models/schema';
import { db, inTx, type Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { appendEvents, type EventScope } from './event-log';
import { holdLease, type Lease } from './lease';

/** What every step gets. */
export interface StepContext {
  scope: EventScope;
  run: Run;
  project: Project;
  plan: Plan | null;
  step: RunStep;
  lease: Lease;
  signal: AbortSignal;
  /** provider:model */
  model: string;
  quality: Quality;
}

export interface StepKey {
  step: string;
  attempt: number;
  taskId: string | null;
  taskKey: string | null;
}

/** Opens the journal line of a step; a line left running by a dead worker is taken up again. */
export async function beginStep(scope: EventScope, lease: Lease, key: StepKey): Promise<RunStep> {
  return inTx(async (tx) => {
    await holdLease(tx, lease);
    const where = { runId_step_attempt: { runId: lease.runId, step: key.step, attempt: key.attempt } };
    const row = await tx.runStep.upsert({
      where,
      create: { id: newId(), ...scope, runId: lease.runId, taskId: key.taskId, step: key.step, attempt: key.attempt },
      update: { status: 'running', errorCode: null, errorMessage: null },
    });
    await appendEvents(tx, scope, [
      { type: 'data-step', step: key.step, taskKey: key.taskKey, attempt: key.attempt, state: 'started' },
    ]);
    return row;
  });
}

export interface StepResult {
  output: Prisma.InputJsonObject;
  snapshotId?: string | null;
  modelCallId?: string | null;
  note?: string | null;
}

/** Closes the journal line, in the transaction of the step's effects. @throws AppError `lease_lost` */
export async function finishStep(tx: Tx, ctx: StepContext, result: StepResult): Promise<void> {
  await holdLease(tx, ctx.lease);
  await tx.runStep.update({
    where: { id: ctx.step.id },
    data: {
      status: 'done',
      output: result.output,
      snapshotId: result.snapshotId ?? null,
      modelCallId: result.modelCallId ?? null,
      finishedAt: new Date(),
    },
  });
  await appendEvents(tx, ctx.scope, [
    {
      type: 'data-step',
      step: ctx.step.step,
      taskKey: ctx.step.step.split(':')[1] ?? null,
      attempt: ctx.step.attempt,
      state: 'done',
      note: result.note ?? null,
    },
  ]);
}

export async function failStep(ctx: StepContext, code: string, message: string): Promise<void> {
  await inTx(async (tx) => {
    await holdLease(tx, ctx.lease);
    await tx.runStep.updateMany({
      where: { id: ctx.step.id, status: 'running' },
      data: { status: 'failed', errorCode: code, errorMessage: message.slice(0, 500), finishedAt: new Date() },
    });
    await appendEvents(tx, ctx.scope, [
      {
        type: 'data-step',
        step: ctx.step.step,
        taskKey: ctx.step.step.split(':')[1] ?? null,
        attempt: ctx.step.attempt,
        state: 'failed',
        note: message.slice(0, 200),
      },
    ]);
  });
}

/** How often this step has called a model: part of the next call's idempotency key. */
export async function nextCallKey(ctx: StepContext): Promise<string> {
  const made = await db().modelCall.count({ where: { stepId: ctx.step.id } });
  return `${ctx.run.id}:${ctx.step.step}:${ctx.step.attempt}:${made + 1}`;
}
