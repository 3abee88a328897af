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
import { absorbCalls } from '@/server/credits/ledger/ledger';
import { db, type Tx } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { appendEvents } from '@/server/runs/stream/event-log';
import type { EventPayload } from '@/server/runs/stream/schema';
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

const madeSchema = z.object({ changed: z.array(z.string()).default([]) });

/** The snapshot this attempt made, and which files it changed. */
export async function attemptResult(ctx: StepContext): Promise<{ snapshotId: string; changed: string[] }> {
  const rows = await db().runStep.findMany({
    where: {
      runId: ctx.run.id,
      attempt: ctx.step.attempt,
      step: { in: [`apply:${ctx.step.taskKey}`, `reapply:${ctx.step.taskKey}`] },
      status: 'done',
      snapshotId: { not: null },
    },
    // `reapply` after `apply`: the later one counts.
    orderBy: { step: 'desc' },
  });
  const [row] = rows;
  if (!row?.snapshotId) throw new Error(`no snapshot for ${ctx.step.step}, attempt ${ctx.step.attempt}`);
  return { snapshotId: row.snapshotId, changed: madeSchema.parse(row.output).changed };
}

/** Output of this attempt's earlier step. */
export async function stepOutput<T>(ctx: StepContext, name: string, schema: z.ZodType<T>): Promise<T | null> {
  const row = await db().runStep.findUnique({
    where: {
      runId_step_attempt: { runId: ctx.run.id, step: `${name}:${ctx.step.taskKey}`, attempt: ctx.step.attempt },
    },
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
 * balances are locked before projects everywhere. @returns events still to be told, by the end of the step.
 */
export async function endAttempt(tx: Tx, ctx: StepContext, task: Task, end: AttemptEnd): Promise<EventPayload[]> {
  const approved = end.status === 'APPROVED';
  const { spent, refunded } = await settleAttempt(tx, ctx, task, approved);
  const repeated = !approved && (await isRepeated(tx, ctx, task, end.findings));
  await saveReview(tx, ctx, task, end);
  const [updated] = await tx.task.updateManyAndReturn({
    where: { id: task.id, status: { in: ['pending', 'running'] } },
    data: {
      attempts: { increment: 1 },
      chargedMicro: { increment: spent - refunded },
      absorbedMicro: { increment: refunded },
      ...(approved ? { status: 'approved', finishedAt: new Date() } : {}),
    },
    select: { attempts: true, chargedMicro: true, absorbedMicro: true },
  });
  if (updated === undefined) throw new AppError('wrong_status', `task ${task.key} is not being worked on`);
  const events: EventPayload[] = [
    { type: 'data-review', taskKey: task.key, attempt: ctx.step.attempt, status: end.status },
    {
      type: 'data-cost',
      taskKey: task.key,
      chargedMicro: updated.chargedMicro.toString(),
      absorbedMicro: updated.absorbedMicro.toString(),
    },
  ];
  if (approved) {
    await tx.project.update({ where: { id: ctx.project.id }, data: { headSnapshotId: end.snapshotId } });
    events.push({ type: 'data-task', taskKey: task.key, status: 'approved' });
    events.push({ type: 'data-snapshot', snapshotId: end.snapshotId });
    return events;
  }
  const tries = updated.attempts - attemptBase(ctx.run.cursor, task.key);
  const why = whyNoMore(end, repeated, tries);
  if (why === null) return events;
  await appendEvents(tx, ctx.scope, events);
  await moveTask(tx, ctx.scope, task, 'rejected', ['pending', 'running']);
  await moveProject(tx, { ...ctx.scope, to: 'awaiting_refinement', reason: `${task.key} ${task.title}: ${why}.` });
  await moveRun(tx, { runId: ctx.run.id, to: 'waiting', reason: why });
  return [];
}

/** Why the user is asked instead of trying again; null: another attempt is allowed. */
function whyNoMore({ final }: AttemptEnd, repeated: boolean, tries: number): string | null {
  if (final) return 'the attempt changed nothing';
  if (repeated) return 'the same finding came twice';
  return tries < env().TASK_ATTEMPTS ? null : `${env().TASK_ATTEMPTS} attempts were not approved`;
}

/** Gives back what an attempt cost that was not approved. @returns micro-credits, from the ledger. */
async function settleAttempt(
  tx: Tx,
  ctx: StepContext,
  task: Task,
  approved: boolean,
): Promise<{ spent: bigint; refunded: bigint }> {
  // From the ledger: a verdict that could not be read was given back before the attempt ended.
  const calls = await tx.$queryRaw<{ id: string; spent: bigint; refunded: bigint }[]>`
    SELECT c."id", coalesce(-sum(e."amount") FILTER (WHERE e."kind" = 'usage'), 0)::bigint AS spent,
      coalesce(sum(e."amount") FILTER (WHERE e."kind" = 'usage_refund'), 0)::bigint AS refunded
    FROM "RunStep" s JOIN "ModelCall" c ON c."stepId" = s."id" AND c."runId" = s."runId" AND c."status" = 'succeeded'
    LEFT JOIN "CreditEntry" e ON e."modelCallId" = c."id"
    WHERE s."runId" = ${ctx.run.id} AND s."taskId" = ${task.id} AND s."attempt" = ${ctx.step.attempt}
    GROUP BY c."id"`;
  const sum = (part: 'spent' | 'refunded') => calls.reduce((total, call) => total + call[part], 0n);
  const settled = { spent: sum('spent'), refunded: sum('refunded') };
  if (approved || env().REWORK_POLICY !== 'absorb') return settled;
  const absorbed = await absorbCalls(tx, {
    organizationId: ctx.scope.organizationId,
    modelCallIds: calls.map(({ id }) => id),
    note: `attempt ${ctx.step.attempt} of ${task.key} was not approved`,
  });
  return { ...settled, refunded: settled.refunded + absorbed };
}

/** Whether a finding came in an earlier attempt of this run already. */
async function isRepeated(tx: Tx, ctx: StepContext, task: Task, findings: Finding[]): Promise<boolean> {
  const earlier = await tx.review.findMany({
    where: { taskId: task.id, runId: ctx.run.id },
    select: { findingHashes: true },
  });
  const seen = new Set(earlier.flatMap(({ findingHashes }) => z.array(z.string()).parse(findingHashes)));
  return findings.some((finding) => seen.has(findingHash(finding)));
}

async function saveReview(tx: Tx, ctx: StepContext, task: Task, end: AttemptEnd): Promise<void> {
  await tx.review.createMany({
    data: [
      {
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
        findingHashes: end.findings.map(findingHash),
      },
    ],
    skipDuplicates: true,
  });
}

/** Attempts of a task that were used up before the user last asked for a retry. */
export function attemptBase(cursor: unknown, key: string): number {
  return cursorSchema.parse(cursor).base[key] ?? 0;
}

export const cursorSchema = z.object({ base: z.record(z.string(), z.number()).default({}) });
