import 'server-only';
import { checkAndCountAccess } from '@/server/credits/access';
import { getBalance } from '@/server/credits/balance';
import { release, renewHold, reserve, settle } from '@/server/credits/ledger';
import { recordUsage } from '@/server/credits/usage-meter';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { MODEL_LIMITS } from './limits';
import { costOf, creditsFor, estimateTokens, outputTokensCovered, type TokenUsage } from './pricing';
import { keyIdentifier, type ProviderAccess, parseModelRef } from './providers/create-model';
import { chargedShare, tariff } from './quote';
import { type CallBasis, readCallBasis } from './read-call-basis';
import { capabilityOf, type Provider, type Quality, type Role } from './schema';
import { askedToWait } from './stream-with-retries';

/** Who calls, for what. */
export interface AccessContext {
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
}

/** What a call has brought so far. `execute` fills it; it is what a failure is accounted by. */
export interface Progress {
  text: string;
  firstTokenMs: number | null;
  usage: Omit<TokenUsage, 'estimated'> | null;
  finishReason: string | null;
  retries: number;
}

/** What the work may use: the door is open until `execute` returns. */
export interface Door {
  provider: Provider;
  modelId: string;
  access: ProviderAccess;
  /** Output tokens that the hold covers. */
  maxOutputTokens: number;
  /** `performance.now()` when the door opened. */
  started: number;
  signal: AbortSignal;
  progress: Progress;
}

export interface MeteredWork<T> {
  /** provider:model */
  model: string;
  /** Tokens that go in, and the most that may come out; the hold covers at least these. */
  inputTokens: number;
  outputTokens: (model: CallBasis['model']) => number;
  abortSignal?: AbortSignal | undefined;
  execute(door: Door): Promise<T>;
  /** Runs when the answer is complete, before the settling transaction opens. */
  beforeSettle?: (() => Promise<void>) | undefined;
  /** Runs in the transaction that settles: what must be true exactly when the call is paid. */
  onSettled?: ((tx: Tx, metered: Metered<T>) => Promise<void>) | undefined;
}

export interface Metered<T> {
  result: T;
  callId: string;
  usage: TokenUsage;
  /** True cost, nano-dollars. */
  costNano: bigint;
  /** Micro-credits. */
  creditsUsed: bigint;
  /** Micro-credits (monthly + bonus) after this call. */
  balanceLeft: bigint;
  modelLabel: string;
}

interface OpenCall {
  callId: string;
  /** Null: the organization's own key without a platform fee, nothing to hold. */
  holdId: string | null;
  price: CallBasis['price'];
  label: string;
  inputTokens: number;
  door: Door;
}

/**
 * The only door to a model: access and rate limit, reserve, execute, settle to the true usage or release.
 * @throws AppError `model_not_priced`, `model_not_available`, `capability_denied`, `quality_not_allowed`, `rate_limited`,
 * `insufficient_credits`, `budget_exceeded`, `duplicate_request`, `model_call_failed` (nothing charged),
 * `model_call_aborted` (nothing charged)
 */
export async function executeWithAIAccess<T>(ctx: AccessContext, work: MeteredWork<T>): Promise<Metered<T>> {
  const abort = new AbortController();
  const call = await open(ctx, work, abort.signal);
  const forward = () => abort.abort(work.abortSignal?.reason);
  work.abortSignal?.addEventListener('abort', forward, { once: true });
  if (work.abortSignal?.aborted) forward();
  const renewal = keepHold(ctx, call);
  try {
    let result: T;
    try {
      result = await work.execute(call.door);
    } finally {
      clearInterval(renewal);
      work.abortSignal?.removeEventListener('abort', forward);
    }
    await work.beforeSettle?.();
    return await close(ctx, work, call, result);
  } catch (error) {
    // Also when what the answer was for did not come about: its settling was undone with it, and the hold must not stay open.
    throw await fail(ctx, call, error, abort.signal.aborted);
  }
}

function keepHold({ organizationId }: AccessContext, { holdId }: OpenCall): NodeJS.Timeout | undefined {
  if (holdId === null) return undefined;
  return setInterval(() => {
    renewHold(db(), { organizationId, holdId, ttlMs: MODEL_LIMITS.holdTtlMs }).catch((error: unknown) =>
      logger().warn({ err: error, holdId }, 'hold not renewed'),
    );
  }, MODEL_LIMITS.holdRenewMs);
}

async function open<T>(ctx: AccessContext, work: MeteredWork<T>, signal: AbortSignal): Promise<OpenCall> {
  const { provider, modelId } = parseModelRef(work.model);
  const basis = await readCallBasis(db(), ctx.organizationId, { ...ctx, modelRef: work.model });
  const { model, price, access } = basis;
  const amount = amountToHold(work, basis);
  const held = chargedShare(amount, access.own);
  const callId = newId();
  const capability = capabilityOf(ctx.role);
  const { organizationId, userId, projectId, runId, taskId, stepId, role, quality } = ctx;
  const holdId = await inTx(async (tx) => {
    await checkAndCountAccess(tx, { organizationId, capability, quality });
    const hold =
      held === 0n
        ? null
        : await reserve(tx, {
            organizationId,
            amount: held,
            idempotencyKey: `hold:${ctx.idempotencyKey}`,
            ttlMs: MODEL_LIMITS.holdTtlMs,
            projectId,
            runId,
            taskId,
            userId,
            role,
          });
    // The unique key decides, whoever else sends it at this moment; the hold of a second sender is undone with its transaction.
    const { count } = await tx.modelCall.createMany({
      data: [
        {
          id: callId,
          organizationId,
          userId,
          projectId,
          runId,
          taskId,
          stepId,
          role,
          capability,
          quality,
          size: ctx.size ?? null,
          modelRowId: model.id,
          modelLabel: model.label,
          priceId: price.id,
          holdId: hold?.holdId ?? null,
          idempotencyKey: ctx.idempotencyKey,
          promptVersion: ctx.promptVersion,
          ownKey: access.own,
          keyIdentifier: keyIdentifier(provider, access),
          createdAt: now(),
        },
      ],
      skipDuplicates: true,
    });
    if (count === 0) throw duplicateRequest(ctx.idempotencyKey);
    return hold?.holdId ?? null;
  });
  const covered = outputTokensCovered(amount, work.inputTokens, price, tariff(), model.maxOutput);
  return {
    callId,
    holdId,
    price,
    label: model.label,
    inputTokens: work.inputTokens,
    door: {
      provider,
      modelId,
      access,
      maxOutputTokens: Math.max(covered, 1),
      started: performance.now(),
      signal,
      progress: { text: '', firstTokenMs: null, usage: null, finishReason: null, retries: 0 },
    },
  };
}

function duplicateRequest(key: string): AppError {
  return new AppError('duplicate_request', `model call ${key} was made before`, {
    userMessage: 'This was asked for before; nothing was done or charged twice.',
  });
}

/** P90 of such calls, and at least what this very request needs, micro-credits. */
function amountToHold<T>(work: MeteredWork<T>, { model, price, quote }: CallBasis): bigint {
  const needed = creditsFor(
    costOf({ input: work.inputTokens, cached: 0, output: work.outputTokens(model) }, price),
    tariff(),
  );
  if (quote.p90 > needed) return quote.p90;
  return needed;
}

async function close<T>(ctx: AccessContext, work: MeteredWork<T>, call: OpenCall, result: T): Promise<Metered<T>> {
  const { progress, access } = call.door;
  const usage: TokenUsage =
    progress.usage === null
      ? { input: call.inputTokens, cached: 0, output: estimateTokens(progress.text), reasoning: 0, estimated: true }
      : { ...progress.usage, estimated: false };
  const costNano = costOf(usage, call.price);
  const metered = await inTx(async (tx) => {
    const { charged, balanceLeft } = await charge(tx, ctx, call, {
      actual: chargedShare(creditsFor(costNano, tariff()), access.own),
      metadata: {
        model: work.model,
        input: usage.input,
        cached: usage.cached,
        output: usage.output,
        estimated: usage.estimated,
        // A receipt explains the amount by the tariff of its day.
        ...tariff(),
        ...(access.own ? { ownKey: true } : {}),
      },
    });
    const settled: Metered<T> = {
      result,
      callId: call.callId,
      usage,
      costNano,
      creditsUsed: charged,
      balanceLeft,
      modelLabel: call.label,
    };
    await tx.modelCall.update({
      where: { id: call.callId },
      data: {
        ...outcomeColumns(usage, call.door),
        status: 'succeeded',
        finishReason: progress.finishReason,
        costNano,
        chargedMicro: charged,
      },
      select: { id: true },
    });
    await work.onSettled?.(tx, settled);
    return settled;
  });
  recordUsage(metered.creditsUsed, metered.balanceLeft);
  return metered;
}

async function charge(
  tx: Tx,
  { organizationId, userId }: AccessContext,
  { holdId, callId }: OpenCall,
  paid: { actual: bigint; metadata: Record<string, unknown> },
): Promise<{ charged: bigint; balanceLeft: bigint }> {
  if (holdId === null) {
    const { monthly, bonus } = await getBalance(tx, organizationId);
    return { charged: 0n, balanceLeft: monthly + bonus };
  }
  const settled = await settle(tx, { organizationId, holdId, modelCallId: callId, userId, ...paid });
  if (settled.late) logger().warn({ callId, holdId }, 'settled after its hold had expired');
  return { charged: settled.charged, balanceLeft: settled.balanceAfter };
}

/** Records the failure with what it truly cost us, gives the hold back, and makes the error for the caller. */
async function fail(ctx: AccessContext, call: OpenCall, cause: unknown, aborted: boolean): Promise<AppError> {
  const { progress } = call.door;
  const error = aborted
    ? new AppError('model_call_aborted', 'the model call was stopped', { cause })
    : isAppError(cause)
      ? cause
      : callFailed(cause);
  const nothing: TokenUsage = { input: 0, cached: 0, output: 0, reasoning: 0, estimated: true };
  const spent: TokenUsage =
    progress.usage !== null
      ? { ...progress.usage, estimated: false }
      : progress.text === ''
        ? nothing
        : { ...nothing, input: call.inputTokens, output: estimateTokens(progress.text) };
  await inTx(async (tx) => {
    if (call.holdId !== null) await release(tx, { organizationId: ctx.organizationId, holdId: call.holdId });
    await tx.modelCall.updateMany({
      where: { id: call.callId, status: 'running' },
      data: {
        ...outcomeColumns(spent, call.door),
        status: aborted ? 'aborted' : 'failed',
        costNano: costOf(spent, call.price),
        errorCode: error.code,
        errorMessage: error.message.slice(0, 500),
      },
    });
  });
  return error;
}

/** A provider over its limit for longer than a call may wait says when to come back; other faults do not. */
function callFailed(cause: unknown): AppError {
  const message = cause instanceof Error ? cause.message.slice(0, 500) : 'unknown failure';
  const retryAfterSeconds = askedToWait(cause);
  if (retryAfterSeconds !== null) {
    return new AppError('rate_limited', message, {
      cause,
      details: { retryAfterSeconds, by: 'provider' },
      userMessage: 'The model’s provider takes no more requests for a while. Nothing was charged for it.',
    });
  }
  return new AppError('model_call_failed', message, {
    cause,
    userMessage: 'The model did not answer properly. Nothing was charged for it.',
  });
}

function outcomeColumns(usage: TokenUsage, { progress, started }: Door) {
  return {
    inputTokens: usage.input,
    cachedTokens: usage.cached,
    outputTokens: usage.output,
    reasoningTokens: usage.reasoning,
    usageEstimated: usage.estimated,
    firstTokenMs: progress.firstTokenMs,
    latencyMs: Math.round(performance.now() - started),
    httpRetries: progress.retries,
    finishedAt: now(),
  };
}
