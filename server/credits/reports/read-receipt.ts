import 'server-only';
import { z } from 'zod';
import { type Client, db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

/** Decimal text: dollars one credit sold at, and the factor on the true cost, when the entry was written. */
const tariffSchema = z.object({ creditValueUsd: z.string(), markup: z.string() });

/**
 * Everything one ledger line stands on: entry -> hold -> model call -> price row -> role -> task -> the diff it made.
 * @throws AppError `not_found`
 */
export async function readReceipt(input: { organizationId: string; entryId: string }) {
  const { organizationId, entryId } = input;
  const client = db();
  const entry = await client.creditEntry.findFirst({ where: { id: entryId, organizationId } });
  if (entry === null) throw notFound('Ledger entry');
  const [hold, call, project, task, related] = await Promise.all([
    entry.holdId === null ? null : client.creditHold.findFirst({ where: { id: entry.holdId, organizationId } }),
    entry.modelCallId === null
      ? null
      : client.modelCall.findFirst({ where: { id: entry.modelCallId, organizationId }, include: { price: true } }),
    entry.projectId === null
      ? null
      : client.project.findFirst({ where: { id: entry.projectId, organizationId }, select: { id: true, title: true } }),
    entry.taskId === null
      ? null
      : client.task.findFirst({
          where: { id: entry.taskId, organizationId },
          select: { id: true, key: true, title: true, status: true },
        }),
    entry.modelCallId === null
      ? []
      : client.creditEntry.findMany({
          where: { organizationId, modelCallId: entry.modelCallId, id: { not: entry.id } },
          select: { id: true, kind: true, amount: true, createdAt: true, note: true },
          orderBy: { seq: 'asc' },
        }),
  ]);
  return {
    entry: {
      id: entry.id,
      kind: entry.kind,
      amount: entry.amount,
      monthlyDelta: entry.monthlyDelta,
      bonusDelta: entry.bonusDelta,
      balanceAfter: entry.balanceAfter,
      estimated: entry.estimated,
      actual: entry.actual,
      variance: entry.variance,
      absorbed: entry.absorbed,
      note: entry.note,
      createdAt: entry.createdAt,
      idempotencyKey: entry.idempotencyKey,
    },
    hold:
      hold === null
        ? null
        : { amount: hold.amount, status: hold.status, createdAt: hold.createdAt, closedAt: hold.closedAt },
    call: call === null ? null : callOf(call),
    price:
      call?.price == null
        ? null
        : {
            effectiveFrom: call.price.effectiveFrom,
            inputPerMillion: call.price.inputPerMillion,
            outputPerMillion: call.price.outputPerMillion,
            cachedPerMillion: call.price.cachedPerMillion,
            currency: call.price.currency,
          },
    tariff: tariffSchema.safeParse(entry.metadata).data ?? null,
    project,
    task,
    step: call?.stepId == null ? null : await stepOf(client, organizationId, call.stepId),
    related,
  };
}

function callOf(call: {
  id: string;
  role: string;
  quality: string;
  modelRowId: string;
  modelLabel: string;
  ownKey: boolean;
  keyIdentifier: string | null;
  promptVersion: string;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  effort: string | null;
  usageEstimated: boolean;
  costNano: bigint;
  firstTokenMs: number | null;
  latencyMs: number | null;
  httpRetries: number;
  finishReason: string | null;
  status: string;
  createdAt: Date;
}) {
  return {
    id: call.id,
    role: call.role,
    quality: call.quality,
    modelRef: call.modelRowId,
    modelLabel: call.modelLabel,
    ownKey: call.ownKey,
    // The instance's own keys are no customer's business.
    keyIdentifier: call.ownKey ? call.keyIdentifier : null,
    promptVersion: call.promptVersion,
    inputTokens: call.inputTokens,
    cachedTokens: call.cachedTokens,
    outputTokens: call.outputTokens,
    reasoningTokens: call.reasoningTokens,
    effort: call.effort,
    usageEstimated: call.usageEstimated,
    costNano: call.costNano,
    firstTokenMs: call.firstTokenMs,
    latencyMs: call.latencyMs,
    httpRetries: call.httpRetries,
    finishReason: call.finishReason,
    status: call.status,
    createdAt: call.createdAt,
  };
}

const CHANGES: ReadonlySet<string> = new Set(['implement', 'repair', 'reapply', 'apply', 'document']);

/** The step that made the call, and the snapshots before and after what came of it, or what it looked at. */
async function stepOf(client: Client, organizationId: string, stepId: string) {
  const step = await client.runStep.findFirst({ where: { id: stepId, organizationId } });
  if (step === null) return null;
  const [name = '', taskKey] = step.step.split(':');
  const made =
    step.snapshotId ??
    (
      await client.runStep.findFirst({
        where: {
          runId: step.runId,
          attempt: step.attempt,
          snapshotId: { not: null },
          step: {
            in: taskKey === undefined ? [step.step] : [`apply:${taskKey}`, `reapply:${taskKey}`, `repair:${taskKey}`],
          },
        },
        orderBy: { startedAt: 'asc' },
      })
    )?.snapshotId ??
    null;
  // A question changes no file; a review changes none either, but it read what the attempt had changed.
  const difference = CHANGES.has(name) ? 'changed' : name === 'review' ? 'reviewed' : null;
  const snapshot =
    made === null || difference === null
      ? null
      : await client.snapshot.findFirst({ where: { id: made, organizationId }, select: { id: true, parentId: true } });
  return {
    step: name,
    taskKey: taskKey ?? null,
    attempt: step.attempt,
    /** Whether the step made the difference between the snapshots, or reviewed it. */
    difference: snapshot === null ? null : difference,
    snapshotId: snapshot?.id ?? null,
    parentSnapshotId: snapshot?.parentId ?? null,
  };
}
