import 'server-only';
import type { z } from 'zod';
import type { Prompt } from '@/server/agents/prompts/common';
import { absorbCalls } from '@/server/credits/ledger';
import type { CallContext, TextResult } from '@/server/models/gateway';
import { callModel } from '@/server/models/gateway';
import { quoteCall } from '@/server/models/quote';
import type { Role } from '@/server/models/schema';
import { callStructured } from '@/server/models/structured';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { appendEvents, DeltaWriter } from './event-log';
import { nextCallKey, type StepContext } from './journal';

interface StepCall {
  role: Role;
  prompt: Prompt;
  task?: { rowId: string; key: string; title: string; size: 'S' | 'M' | 'L' };
}

async function callContext(ctx: StepContext, call: StepCall): Promise<CallContext> {
  await requireBudget(ctx, call);
  return {
    ...ctx.scope,
    userId: ctx.run.createdById,
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
  const quote = await quoteCall(db(), {
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
      userMessage: 'The next step does not fit into the budget of this project.',
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
  onSettled(tx: Tx, result: TextResult): Promise<void>;
}

/** Calls a model whose text people watch: a message whose pieces go to the event log. */
export async function callStreaming(ctx: StepContext, call: StreamedCall): Promise<TextResult> {
  const context = await callContext(ctx, call);
  const messageId = newId();
  await inTx(async (tx) => {
    await tx.message.create({
      data: {
        id: messageId,
        ...ctx.scope,
        role: 'assistant',
        text: '',
        purpose: call.purpose,
        status: 'streaming',
        metadata: call.task ? { taskKey: call.task.key, attempt: ctx.step.attempt } : {},
      },
    });
    await appendEvents(tx, ctx.scope, [
      { type: 'text-start', id: messageId, role: 'assistant', purpose: call.purpose, text: '' },
    ]);
  });
  const writer = new DeltaWriter(ctx.scope, messageId);
  let soFar = '';
  try {
    return await callModel(context, {
      model: ctx.model,
      system: call.prompt.system,
      prompt: call.prompt.prompt,
      abortSignal: ctx.signal,
      onDelta: (text) => {
        soFar += text;
        writer.push(text);
      },
      beforeSettle: () => writer.end(),
      onSettled: async (tx, result) => {
        await call.onSettled(tx, result);
        await endMessage(tx, ctx, {
          id: messageId,
          text: result.text,
          status: 'final',
          costMicro: result.chargedMicro,
          modelLabel: result.modelLabel,
        });
      },
    });
  } catch (error) {
    await writer.end();
    await inTx((tx) =>
      endMessage(tx, ctx, {
        id: messageId,
        text: soFar,
        status: ctx.signal.aborted ? 'stopped' : 'failed',
        costMicro: 0n,
        modelLabel: null,
      }),
    );
    throw error;
  } finally {
    await writer.end();
  }
}

interface MessageEnd {
  id: string;
  text: string;
  status: 'final' | 'stopped' | 'failed';
  costMicro: bigint;
  modelLabel: string | null;
}

export async function endMessage(tx: Tx, { scope }: Pick<StepContext, 'scope'>, end: MessageEnd): Promise<void> {
  const { id, ...data } = end;
  await tx.message.updateMany({ where: { id, status: 'streaming' }, data });
  await appendEvents(tx, scope, [
    {
      type: 'text-end',
      id,
      text: end.text,
      status: end.status,
      costMicro: end.costMicro.toString(),
      modelLabel: end.modelLabel,
    },
  ]);
}

export interface StructuredCall<T> extends StepCall {
  schema: z.ZodType<T>;
  onSettled(tx: Tx, value: T, result: TextResult): Promise<void>;
}

/** Calls for a structured answer; answers that cannot be used cost the user nothing. */
export async function callForObject<T>(ctx: StepContext, call: StructuredCall<T>): Promise<void> {
  await callStructured(await callContext(ctx, call), {
    model: ctx.model,
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
