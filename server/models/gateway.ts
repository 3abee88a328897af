import 'server-only';
import type { JSONSchema7, LanguageModelV4CallOptions, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { checkAndCountAccess } from '@/server/credits/access';
import { release, renewHold, reserve, settle } from '@/server/credits/ledger';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, isAppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { MODEL_LIMITS, ROLE_OUTPUT_TOKENS } from './limits';
import { activePrice } from './price-row';
import { costOf, creditsFor, estimateTokens, outputTokensCovered, type TokenUsage } from './pricing';
import { createLanguageModel, keyIdentifier, parseModelRef } from './providers/create-model';
import { quoteCall, tariff } from './quote';
import { type CallHint, capabilityOf, type Quality, type Role } from './schema';
import { streamWithRetries } from './stream-with-retries';

/** Who calls, for what. */
export interface CallContext {
  organizationId: string;
  userId: string | null;
  projectId: string | null;
  runId: string | null;
  taskId: string | null;
  stepId: string | null;
  role: Role;
  quality: Quality;
  size?: 'S' | 'M' | 'L';
  promptVersion: string;
  /** One effect a key: a settled key never calls or charges again. */
  idempotencyKey: string;
  hint: Omit<CallHint, 'role'>;
}

export interface TextRequest {
  /** provider:model */
  model: string;
  system: string;
  prompt: string;
  /** Ask for JSON of this schema, when the provider can. */
  jsonSchema?: JSONSchema7;
  abortSignal?: AbortSignal | undefined;
  onDelta?: ((text: string) => void) | undefined;
  /** Runs when the answer is complete, before the settling transaction opens. */
  beforeSettle?: (() => Promise<void>) | undefined;
  /** Runs in the transaction that settles: what must be true exactly when the call is paid. */
  onSettled?: ((tx: Tx, result: TextResult) => Promise<void>) | undefined;
}

export interface TextResult {
  callId: string;
  text: string;
  /** `length`: the answer was cut at the output limit. */
  finishReason: 'stop' | 'length' | 'content-filter' | 'other';
  usage: TokenUsage;
  costNano: bigint;
  chargedMicro: bigint;
  modelLabel: string;
}

/**
 * The only door to a language model: access, reserve, call with streaming, settle to the true usage or release.
 * @throws AppError `model_not_priced`, `model_not_available`, `capability_denied`, `quality_not_allowed`, `rate_limited`,
 * `insufficient_credits`, `duplicate_request`, `model_call_failed` (nothing charged), `model_call_aborted` (nothing charged)
 */
export async function callModel(ctx: CallContext, request: TextRequest): Promise<TextResult> {
  const call = await open(ctx, request);
  const answer: Answer = { text: '', firstTokenMs: null, usage: null, finishReason: 'other', retries: 0 };
  const started = performance.now();
  const abort = new AbortController();
  const forward = () => abort.abort(request.abortSignal?.reason);
  request.abortSignal?.addEventListener('abort', forward, { once: true });
  if (request.abortSignal?.aborted) forward();
  const renewal = setInterval(() => {
    renewHold(db(), { organizationId: ctx.organizationId, holdId: call.holdId, ttlMs: MODEL_LIMITS.holdTtlMs }).catch(
      (error: unknown) => logger().warn({ err: error, holdId: call.holdId }, 'hold not renewed'),
    );
  }, MODEL_LIMITS.holdRenewMs);
  try {
    await streamWithRetries(call.open, callOptions(ctx, request, call.maxOutputTokens, abort.signal), {
      onDelta: (delta) => {
        answer.firstTokenMs ??= Math.round(performance.now() - started);
        answer.text += delta;
        // The cap holds in mid-call even when a provider ignores maxOutputTokens.
        if (
          estimateTokens(answer.text) > call.maxOutputTokens * 2 + 1000 ||
          answer.text.length > MODEL_LIMITS.maxAnswerChars
        ) {
          throw new AppError('model_call_failed', 'the answer is larger than the reserved credits cover', {
            details: { reason: 'oversize' },
          });
        }
        request.onDelta?.(delta);
      },
      onRetry: () => {
        answer.retries++;
      },
      onFinish: (usage, finishReason) => {
        answer.usage = usage;
        answer.finishReason = finishReason;
      },
    });
  } catch (error) {
    throw await fail(ctx, call, answer, started, error, abort.signal.aborted);
  } finally {
    clearInterval(renewal);
    request.abortSignal?.removeEventListener('abort', forward);
  }
  try {
    await request.beforeSettle?.();
    return await close(ctx, request, call, answer, started);
  } catch (error) {
    // What the answer was for did not come about, so its settling was undone with it: the hold must not stay open.
    throw await fail(ctx, call, answer, started, error, false);
  }
}

interface Answer {
  text: string;
  firstTokenMs: number | null;
  usage: Omit<TokenUsage, 'estimated'> | null;
  finishReason: TextResult['finishReason'];
  retries: number;
}

interface OpenCall {
  callId: string;
  holdId: string;
  price: Awaited<ReturnType<typeof activePrice>>;
  label: string;
  inputTokens: number;
  maxOutputTokens: number;
  open: ReturnType<typeof createLanguageModel>;
}

async function open(ctx: CallContext, request: TextRequest): Promise<OpenCall> {
  const { provider, modelId } = parseModelRef(request.model);
  const { quote, price, row } = await readBasis(ctx, request.model);
  const language = createLanguageModel(provider, modelId);
  const inputTokens = estimateTokens(request.system) + estimateTokens(request.prompt);
  const wanted = Math.min(row.maxOutput, ROLE_OUTPUT_TOKENS[ctx.role]);
  const floor = creditsFor(costOf({ input: inputTokens, cached: 0, output: wanted }, price), tariff());
  const amount = larger(quote.p90, floor);
  const callId = newId();
  const holdId = await inTx(async (tx) => {
    const existing = await tx.modelCall.findUnique({
      where: { idempotencyKey: ctx.idempotencyKey },
      select: { status: true },
    });
    if (existing !== null) {
      throw new AppError('duplicate_request', `model call ${ctx.idempotencyKey} was made before (${existing.status})`);
    }
    await checkAndCountAccess(tx, {
      organizationId: ctx.organizationId,
      capability: capabilityOf(ctx.role),
      quality: ctx.quality,
    });
    const hold = await reserve(tx, {
      organizationId: ctx.organizationId,
      amount,
      idempotencyKey: `hold:${ctx.idempotencyKey}`,
      ttlMs: MODEL_LIMITS.holdTtlMs,
      projectId: ctx.projectId,
      runId: ctx.runId,
      taskId: ctx.taskId,
      userId: ctx.userId,
      role: ctx.role,
    });
    await tx.modelCall.create({
      data: {
        id: callId,
        organizationId: ctx.organizationId,
        userId: ctx.userId,
        projectId: ctx.projectId,
        runId: ctx.runId,
        taskId: ctx.taskId,
        stepId: ctx.stepId,
        role: ctx.role,
        capability: capabilityOf(ctx.role),
        quality: ctx.quality,
        size: ctx.size ?? null,
        modelRowId: row.id,
        modelLabel: row.label,
        priceId: price.id,
        holdId: hold.holdId,
        idempotencyKey: ctx.idempotencyKey,
        promptVersion: ctx.promptVersion,
        keyIdentifier: keyIdentifier(provider),
        createdAt: now(),
      },
    });
    return hold.holdId;
  });
  const covered = outputTokensCovered(amount, inputTokens, price, tariff(), row.maxOutput);
  return {
    callId,
    holdId,
    price,
    label: row.label,
    inputTokens,
    maxOutputTokens: Math.max(covered, 1),
    open: language,
  };
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

async function readBasis(ctx: CallContext, modelRef: string) {
  const row = await db().llmModel.findUnique({ where: { id: modelRef } });
  if (row === null || !row.active)
    throw new AppError('model_not_available', `model ${modelRef} is not in the catalogue`);
  const price = await activePrice(db(), row.id);
  const quote = await quoteCall(db(), {
    role: ctx.role,
    quality: ctx.quality,
    modelRef,
    ...(ctx.size ? { size: ctx.size } : {}),
  });
  return { row, price, quote };
}

function callOptions(
  ctx: CallContext,
  request: TextRequest,
  maxOutputTokens: number,
  abortSignal: AbortSignal,
): LanguageModelV4CallOptions {
  const prompt: LanguageModelV4Prompt = [
    { role: 'system', content: request.system },
    { role: 'user', content: [{ type: 'text', text: request.prompt }] },
  ];
  return {
    prompt,
    maxOutputTokens,
    abortSignal,
    ...(request.jsonSchema ? { responseFormat: { type: 'json', schema: request.jsonSchema, name: ctx.role } } : {}),
    providerOptions: { plumbline: { role: ctx.role, ...definedOnly(ctx.hint) } },
  };
}

function definedOnly(hint: Omit<CallHint, 'role'>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(hint).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}

async function close(
  ctx: CallContext,
  request: TextRequest,
  call: OpenCall,
  answer: Answer,
  started: number,
): Promise<TextResult> {
  const usage: TokenUsage =
    answer.usage === null
      ? { input: call.inputTokens, cached: 0, output: estimateTokens(answer.text), reasoning: 0, estimated: true }
      : { ...answer.usage, estimated: false };
  const costNano = costOf(usage, call.price);
  const actual = creditsFor(costNano, tariff());
  return inTx(async (tx) => {
    const settled = await settle(tx, {
      organizationId: ctx.organizationId,
      holdId: call.holdId,
      actual,
      modelCallId: call.callId,
      userId: ctx.userId,
      metadata: {
        model: request.model,
        input: usage.input,
        cached: usage.cached,
        output: usage.output,
        estimated: usage.estimated,
      },
    });
    if (settled.late) logger().warn({ callId: call.callId, holdId: call.holdId }, 'settled after its hold had expired');
    const result: TextResult = {
      callId: call.callId,
      text: answer.text,
      finishReason: answer.finishReason,
      usage,
      costNano,
      chargedMicro: settled.charged,
      modelLabel: call.label,
    };
    await tx.modelCall.update({
      where: { id: call.callId },
      data: {
        ...outcomeColumns(usage, answer, started),
        status: 'succeeded',
        finishReason: answer.finishReason,
        costNano,
        chargedMicro: settled.charged,
      },
    });
    await request.onSettled?.(tx, result);
    return result;
  });
}

/** Records the failure with what it truly cost us, gives the hold back, and makes the error for the caller. */
async function fail(
  ctx: CallContext,
  call: OpenCall,
  answer: Answer,
  started: number,
  cause: unknown,
  aborted: boolean,
): Promise<AppError> {
  const error = aborted
    ? new AppError('model_call_aborted', 'the model call was stopped', { cause })
    : isAppError(cause)
      ? cause
      : new AppError('model_call_failed', cause instanceof Error ? cause.message.slice(0, 500) : 'unknown failure', {
          cause,
          userMessage: 'The model did not answer properly. Nothing was charged for it.',
        });
  const usage: TokenUsage = {
    input: call.inputTokens,
    cached: 0,
    output: estimateTokens(answer.text),
    reasoning: 0,
    estimated: true,
  };
  const spent =
    answer.usage !== null
      ? { ...answer.usage, estimated: false }
      : answer.text === ''
        ? { input: 0, cached: 0, output: 0, reasoning: 0, estimated: true }
        : usage;
  await inTx(async (tx) => {
    await release(tx, { organizationId: ctx.organizationId, holdId: call.holdId });
    await tx.modelCall.updateMany({
      where: { id: call.callId, status: 'running' },
      data: {
        ...outcomeColumns(spent, answer, started),
        status: aborted ? 'aborted' : 'failed',
        costNano: costOf(spent, call.price),
        errorCode: error.code,
        errorMessage: error.message.slice(0, 500),
      },
    });
  });
  return error;
}

function outcomeColumns(usage: TokenUsage, answer: Answer, started: number) {
  return {
    inputTokens: usage.input,
    cachedTokens: usage.cached,
    outputTokens: usage.output,
    reasoningTokens: usage.reasoning,
    usageEstimated: usage.estimated,
    firstTokenMs: answer.firstTokenMs,
    latencyMs: Math.round(performance.now() - started),
    httpRetries: answer.retries,
    finishedAt: now(),
  };
}

/** Calls that a dead process left open: recorded as failed, their holds released. @returns how many. */
export async function reclaimOpenCalls(where: { runId?: string; createdBefore: Date }): Promise<number> {
  const rows = await db().modelCall.findMany({
    where: {
      status: 'running',
      createdAt: { lt: where.createdBefore },
      ...(where.runId ? { runId: where.runId } : {}),
    },
    select: { id: true, organizationId: true, holdId: true },
  });
  for (const { id, organizationId, holdId } of rows) {
    await inTx(async (tx) => {
      if (holdId === null) throw notFound('Hold');
      await release(tx, { organizationId, holdId });
      await tx.modelCall.update({
        where: { id },
        data: { status: 'failed', errorCode: 'process_died', finishedAt: now() },
      });
    });
  }
  return rows.length;
}
