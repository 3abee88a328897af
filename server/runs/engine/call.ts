import 'server-only';
import type { z } from 'zod';
import type { Prompt } from '@/server/agents/prompts/common';
import { absorbCalls } from '@/server/credits/ledger/ledger';
import { quoteFor } from '@/server/models/access/quote-for-organization';
import type { CallContext, TextResult } from '@/server/models/gateway/call-model';
import { callModel } from '@/server/models/gateway/call-model';
import { callStructured } from '@/server/models/gateway/structured';
import type { Role } from '@/server/models/schema';
import { db, inTx, type Tx } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { appendEvents, DeltaWriter } from '@/server/runs/stream/event-log';
import type { EventPayload } from '@/server/runs/stream/schema';
import { payerOf } from './actor';
import { finishStep, nextCallKey, type StepContext, type StepResult } from './journal';

interface StepCall {
  role: Role;
  prompt: Prompt;
  task?: { rowId: string; key: string; title: string; size: 'S' | 'M' | 'L' };
}

async function callContext(ctx: StepContext, call: StepCall): Promise<CallContext> {
  await requireBudget(ctx, call);
  return {
    ...ctx.scope,
    userId: payerOf(ctx.run),
    runId: ctx.run.id,
    taskId: call.task?.rowId ?? null,
    stepId: ctx.step.id,
    role: call.role,
    quality: ctx.quality,
    ...(call.task ? { size: call.task.size } : {}),
    promptVersion: call.prompt.version,
    idempotencyKey: await nextCallKey(ctx),
    hint: {
      attempt: ctx.step.attempt,
      description: ctx.project.description,
      ...(call.task ? { taskId: call.task.key, taskTitle: call.task.title } : {}),
    },
  };
}

/** The project's own cap: a step whose quote does not fit is not begun. @throws AppError `budget_exceeded` */
async function requireBudget(ctx: StepContext, call: StepCall): Promise<void> {
  const { budgetMicro } = ctx.project;
  if (budgetMicro === null) return;
  const spent = await projectCharged(ctx.scope.projectId);
  const quote = await quoteFor(db(), ctx.scope.organizationId, {
    role: call.role,
    quality: ctx.quality,
    modelRef: ctx.model,
    ...(call.task ? { size: call.task.size } : {}),
  });
  if (spent + quote.p90 <= budgetMicro) return;
  throw new AppError(
    'budget_exceeded',
    `the next step may cost ${quote.p90}, ${budgetMicro - spent} of the budget is left`,
    {
      userMessage: 'The next step does not fit into the budget of this project. Raise it in the project settings.',
      details: { required: quote.p90.toString(), available: (budgetMicro - spent).toString() },
    },
  );
}

/** Micro-credits charged to a project so far, refunds taken off. */
export async function projectCharged(projectId: string): Promise<bigint> {
  const sum = await db().creditEntry.aggregate({
    where: { projectId, kind: { in: ['usage', 'usage_refund'] } },
    _sum: { amount: true },
  });
  return -(sum._sum.amount ?? 0n);
}

export interface StreamedCall extends StepCall {
  purpose: string;
  /** The call mends an answer that could not be used: its charge is given back at once. */
  isRework?: boolean;
  /** The step's effects, in the transaction that pays for the answer; it ends the step. */
  onSettled(tx: Tx, result: TextResult): Promise<StepResult>;
}

/**
 * Calls a model whose text people watch. The message begins with its first piece, so that a call that is refused (no
 * credits, too many requests) leaves no empty one.
 */
export async function callStreaming(ctx: StepContext, call: StreamedCall): Promise<TextResult> {
  const context = await callContext(ctx, call);
  const id = newId();
  const message = {
    id,
    ...ctx.scope,
    role: 'assistant' as const,
    purpose: call.purpose,
    metadata: call.task ? { taskKey: call.task.key, attempt: ctx.step.attempt } : {},
  };
  const opening: EventPayload = { type: 'text-start', id, role: message.role, purpose: call.purpose, text: '' };
  const writer = new DeltaWriter(ctx.scope, id, async (tx) => {
    await tx.message.create({ data: { ...message, text: '', status: 'streaming' } });
    return [opening];
  });
  let soFar = '';
  try {
    return await callModel(context, {
      model: ctx.model,
      fallbacks: ctx.fallbacks,
      system: call.prompt.system,
      prompt: call.prompt.prompt,
      abortSignal: ctx.signal,
      onDelta: (text) => {
        soFar += text;
        writer.push(text);
      },
      beforeSettle: () => writer.end(),
      onSettled: async (tx, result) => {
        const { text, modelLabel } = result;
        const back = call.isRework ? await absorbRework(tx, ctx, result.callId) : 0n;
        const [costMicro, balanceMicro] = [result.chargedMicro - back, result.balanceMicro + back];
        const step = await call.onSettled(tx, result);
        const end: MessageEnd = { id, text, status: 'final', costMicro, balanceMicro, modelLabel };
        const columns = columnsOf(end, { ...message.metadata, modelCallId: result.callId });
        if (writer.begun) await tx.message.updateMany({ where: { id, status: 'streaming' }, data: columns });
        else await tx.message.create({ data: { ...message, ...columns } });
        const events = [...(step.events ?? []), ...(writer.begun ? [] : [opening]), endEvent(end)];
        await finishStep(tx, ctx, { ...step, events });
      },
    });
  } catch (error) {
    await writer.end();
    const status = ctx.signal.aborted ? 'stopped' : 'failed';
    if (writer.begun)
      await inTx((tx) => endMessage(tx, ctx, { id, text: soFar, status, costMicro: 0n, modelLabel: null }));
    throw error;
  }
}

async function absorbRework(tx: Tx, { scope }: StepContext, callId: string): Promise<bigint> {
  if (env().REWORK_POLICY !== 'absorb') return 0n;
  return absorbCalls(tx, {
    organizationId: scope.organizationId,
    modelCallIds: [callId],
    note: 'blocks that could not be applied were asked for again',
  });
}

export interface MessageEnd {
  id: string;
  text: string;
  status: 'final' | 'stopped' | 'failed';
  costMicro: bigint;
  /** What is left after it; absent when nothing was charged. */
  balanceMicro?: bigint;
  modelLabel: string | null;
}

function columnsOf({ text, status, costMicro, balanceMicro, modelLabel }: MessageEnd, metadata: object = {}) {
  // Kept with the message, so that a reload shows what the stream said.
  const left = balanceMicro === undefined ? {} : { metadata: { ...metadata, balanceMicro: balanceMicro.toString() } };
  return { text, status, costMicro, modelLabel, ...left };
}

function endEvent({ id, text, status, costMicro, balanceMicro, modelLabel }: MessageEnd): EventPayload {
  return {
    type: 'text-end',
    id,
    text,
    status,
    costMicro: costMicro.toString(),
    ...(balanceMicro === undefined ? {} : { balanceMicro: balanceMicro.toString() }),
    modelLabel,
  };
}

export async function endMessage(tx: Tx, { scope }: Pick<StepContext, 'scope'>, end: MessageEnd): Promise<void> {
  const { count } = await tx.message.updateMany({ where: { id: end.id, status: 'streaming' }, data: columnsOf(end) });
  if (count > 0) await appendEvents(tx, scope, [endEvent(end)]);
}

export interface StructuredCall<T> extends StepCall {
  schema: z.ZodType<T>;
  onSettled(tx: Tx, value: T, result: TextResult): Promise<void>;
}

/** Calls for a structured answer; answers that cannot be used cost the user nothing. */
export async function callForObject<T>(ctx: StepContext, call: StructuredCall<T>): Promise<void> {
  await callStructured(await callContext(ctx, call), {
    model: ctx.model,
    fallbacks: ctx.fallbacks,
    system: call.prompt.system,
    prompt: call.prompt.prompt,
    schema: call.schema,
    abortSignal: ctx.signal,
    onSettled: call.onSettled,
    onUnusable: async (tx, result) => {
      await absorbCalls(tx, {
        organizationId: ctx.scope.organizationId,
        modelCallIds: [result.callId],
        note: 'the answer could not be read',
      });
    },
  });
}
