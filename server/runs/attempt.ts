import 'server-only';
import { z } from 'zod';
import type { Task } from '@/prisma/generated/client';
import {
  criterionSchema,
  type Finding,
  findingSchema,
  type PlannedTask,
  plannedFileSchema,
} from '@/server/agents/schema';
import { absorbCalls } from '@/server/credits/ledger';
import { db, type Tx } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { appendEvents } from './event-log';
import type { StepContext } from './journal';
import { findingHash } from './review-decision';
import { moveProject, moveRun, moveTask } from './transitions';

/** The task of a step as the plan has it. */
export async function taskOf(ctx: StepContext): Promise<{ row: Task; task: PlannedTask }> {
  const row = await db().task.findFirstOrThrow({
    where: { id: ctx.step.taskId ?? '', organizationId: ctx.scope.organizationId },
  });
  return { row, task: plannedTask(row) };
}

export function plannedTask(row: Task): PlannedTask {
  return {
    id: row.key,
    title: row.title,
    why: row.why,
    size: row.size === 'S' || row.size === 'L' ? row.size : 'M',
    files: z.array(plannedFileSchema).parse(row.files),
    criteria: z.array(criterionSchema).parse(row.criteria),
    dependsOn: z.array(z.string()).parse(row.dependsOn),
  };
}

/** Output of this attempt's earlier step. */
export async function stepOutput<T>(ctx: StepContext, name: string, schema: z.ZodType<T>): Promise<T | null> {
  const key = ctx.step.step.split(':')[1] ?? '';
  const row = await db().runStep.findUnique({
    where: { runId_step_attempt: { runId: ctx.run.id, step: `${name}:${key}`, attempt: ctx.step.attempt } },
  });
  return row?.status === 'done' ? schema.parse(row.output) : null;
}

/** Findings of the task's last attempt. */
export async function lastFindings(ctx: StepContext): Promise<Finding[]> {
  const review = await db().review.findFirst({
    where: { taskId: ctx.step.taskId ?? '', organizationId: ctx.scope.organizationId },
    orderBy: { createdAt: 'desc' },
  });
  return review === null ? [] : z.array(findingSchema).parse(review.findings);
}

export interface AttemptEnd {
  status: 'APPROVED' | 'REJECTED' | 'ERROR';
  modelStatus: string | null;
  decidedBy: string | null;
  findings: Finding[];
  criteria: { id: string; met: boolean; evidence: string }[];
  snapshotId: string;
  /** Ends the loop whatever attempts are left (empty diff). */
  final?: boolean;
}

/**
 * Ends an attempt, in the transaction of its last step: approved makes its charges final and its snapshot the head;
 * rejected refunds every call of the attempt and either allows another attempt or asks the user. The refund comes first:
 * balances are locked before projects everywhere.
 */
export async function endAttempt(tx: Tx, ctx: StepContext, task: Task, end: AttemptEnd): Promise<void> {
  const approved = end.status === 'APPROVED';
  const calls = await tx.modelCall.findMany({
    where: { runId: ctx.run.id, taskId: task.id, status: 'succeeded' },
    select: { id: true, stepId: true },
  });
  const steps = await tx.runStep.findMany({
    where: { runId: ctx.run.id, taskId: task.id, attempt: ctx.step.attempt },
    select: { id: true },
  });
  const own = calls.filter((call) => steps.some(({ id }) => id === call.stepId));
  const absorb = !approved && env().REWORK_POLICY === 'absorb';
  const modelCallIds = own.map(({ id }) => id);
  if (absorb) {
    await absorbCalls(tx, {
      organizationId: ctx.scope.organizationId,
      modelCallIds,
      note: `attempt ${ctx.step.attempt} of ${task.key} was not approved`,
    });
  }
  // From the ledger: a verdict that could not be read was given back before the attempt ended.
  const entries = await tx.creditEntry.groupBy({
    by: ['kind'],
    where: { modelCallId: { in: modelCallIds }, kind: { in: ['usage', 'usage_refund'] } },
    _sum: { amount: true },
  });
  const sumOf = (kind: string) => entries.find((entry) => entry.kind === kind)?._sum.amount ?? 0n;
  const refunded = sumOf('usage_refund');
  const spent = -sumOf('usage');
  const hashes = end.findings.map(findingHash);
  const earlier = await tx.review.findMany({
    where: { taskId: task.id, runId: ctx.run.id },
    select: { findingHashes: true },
  });
  const seen = new Set(earlier.flatMap(({ findingHashes }) => z.array(z.string()).parse(findingHashes)));
  await tx.review.upsert({
    where: { runId_taskId_attempt: { runId: ctx.run.id, taskId: task.id, attempt: ctx.step.attempt } },
    create: {
      id: newId(),
      ...ctx.scope,
      runId: ctx.run.id,
      taskId: task.id,
      attempt: ctx.step.attempt,
      snapshotId: end.snapshotId,
      status: end.status,
      modelStatus: end.modelStatus,
      decidedBy: end.decidedBy,
      criteria: end.criteria,
      findings: end.findings,
      findingHashes: hashes,
    },
    update: {},
  });
  const updated = await tx.task.update({
    where: { id: task.id },
    data: {
      attempts: { increment: 1 },
      chargedMicro: { increment: spent - refunded },
      absorbedMicro: { increment: refunded },
    },
  });
  await appendEvents(tx, ctx.scope, [
    { type: 'data-review', taskKey: task.key, attempt: ctx.step.attempt, status: end.status },
    {
      type: 'data-cost',
      taskKey: task.key,
      chargedMicro: updated.chargedMicro.toString(),
      absorbedMicro: updated.absorbedMicro.toString(),
    },
  ]);
  if (approved) {
    await moveTask(tx, ctx.scope, task, 'approved', ['pending', 'running']);
    await tx.project.update({ where: { id: ctx.project.id }, data: { headSnapshotId: end.snapshotId } });
    await appendEvents(tx, ctx.scope, [{ type: 'data-snapshot', snapshotId: end.snapshotId }]);
    return;
  }
  const repeated = hashes.some((hash) => seen.has(hash));
  const base = attemptBase(ctx.run.cursor, task.key);
  if (!end.final && !repeated && updated.attempts - base < env().TASK_ATTEMPTS) return;
  const why = end.final
    ? 'the attempt changed nothing'
    : repeated
      ? 'the same finding came twice'
      : `${env().TASK_ATTEMPTS} attempts were not approved`;
  await moveTask(tx, ctx.scope, task, 'rejected', ['pending', 'running']);
  await moveProject(tx, { ...ctx.scope, to: 'awaiting_refinement', reason: `${task.key} ${task.title}: ${why}.` });
  await moveRun(tx, { runId: ctx.run.id, to: 'waiting', reason: why });
}

/** Attempts of a task that were used up before the user last asked for a retry. */
export function attemptBase(cursor: unknown, key: string): number {
  return cursorSchema.parse(cursor).base[key] ?? 0;
}

export const cursorSchema = z.object({ base: z.record(z.string(), z.number()).default({}) });
