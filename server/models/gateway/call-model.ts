import 'server-only';
import {
  APICallError,
  type JSONSchema7,
  type LanguageModelV4CallOptions,
  type LanguageModelV4Prompt,
} from '@ai-sdk/provider';
import { outputTokensOf } from '@/server/models/access/hold-amount';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { estimateTokens, type TokenUsage, tokenQuarters } from '@/server/models/pricing';
import { keyFault } from '@/server/models/keys/key-fault';
import { ownKeyFailure } from '@/server/models/keys/own-key-refused';
import { createLanguageModel } from '@/server/models/providers/create-model';
import type { CallHint } from '@/server/models/schema';
import type { Tx } from '@/server/platform/db';
import { AppError, isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import type { AccessContext, CallGrant, Metered } from './call-grant';
import { executeWithAIAccess } from './execute-with-ai-access';
import { mostOutputTokens } from './read-usage';
import { retryDelay, streamWithRetries } from './stream-with-retries';

export interface CallContext extends AccessContext {
  hint: Omit<CallHint, 'role'>;
}

export interface TextRequest {
  /** provider:model */
  model: string;
  /** Models tried in this order when the one before does not answer at all. */
  fallbacks?: readonly string[] | undefined;
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
  /** Micro-credits (monthly + bonus) after this call; for a payer with a budget no more than it leaves. */
  balanceMicro: bigint;
  modelLabel: string;
}

interface Answer {
  text: string;
  finishReason: TextResult['finishReason'];
}

/**
 * A streamed text answer, through the metered gateway. A provider that does not answer at all is passed over for the next
 * allowed model; its failed call is on record and costs nothing.
 * @throws AppError as `executeWithAIAccess`
 */
export async function callModel(ctx: CallContext, request: TextRequest): Promise<TextResult> {
  const models = [request.model, ...(request.fallbacks ?? [])];
  for (const [i, model] of models.entries()) {
    const suffix = i === 0 ? '' : `:fallback-${i}`;
    let begun = false;
    try {
      return await callOne(
        { ...ctx, idempotencyKey: `${ctx.idempotencyKey}${suffix}` },
        {
          ...request,
          model,
          onDelta: (text) => {
            begun = true;
            request.onDelta?.(text);
          },
        },
      );
    } catch (error) {
      if (begun || i === models.length - 1 || !isProviderDown(error)) throw error;
      logger().warn({ model, next: models[i + 1], err: error }, 'model does not answer: the next one is tried');
    }
  }
  throw new AppError('model_not_available', 'no model to call');
}

/** The provider's side failed in a way that another provider's would not: overload, outage, network, a refused key. */
function isProviderDown(error: unknown): boolean {
  if (!isAppError(error)) return false;
  if (error.code === 'rate_limited') return APICallError.isInstance(error.cause);
  if (error.code === 'own_key_refused') return true;
  if (error.code !== 'model_call_failed') return false;
  return keyFault(error.cause) !== null || retryDelay(error.cause, 0, () => 0) !== null;
}

async function callOne(ctx: CallContext, request: TextRequest): Promise<TextResult> {
  const { onSettled } = request;
  const metered = await executeWithAIAccess<Answer>(ctx, {
    model: request.model,
    inputTokens: estimateTokens(request.system) + estimateTokens(request.prompt),
    outputTokens: ({ maxOutput }) => outputTokensOf(ctx.role, maxOutput),
    abortSignal: request.abortSignal,
    execute: async (grant) => {
      try {
        return await stream(ctx, request, grant);
      } catch (error) {
        throw await ownKeyFailure(ctx.organizationId, grant, error);
      }
    },
    beforeSettle: request.beforeSettle,
    onSettled: onSettled && ((tx, settled) => onSettled(tx, textResult(settled))),
  });
  return textResult(metered);
}

function textResult({
  result,
  creditsUsed,
  balanceLeft,
  callId,
  usage,
  costNano,
  modelLabel,
}: Metered<Answer>): TextResult {
  return { ...result, callId, usage, costNano, chargedMicro: creditsUsed, balanceMicro: balanceLeft, modelLabel };
}

async function stream(ctx: CallContext, request: TextRequest, grant: CallGrant): Promise<Answer> {
  const { progress, maxOutputTokens } = grant;
  const answer: Answer = { text: '', finishReason: 'other' };
  const language = createLanguageModel(grant.provider, grant.modelId, grant.access);
  // Counted piece by piece: estimating the whole text at each piece would be quadratic.
  let quarters = 0;
  await streamWithRetries(language, callOptions(ctx, request, grant), {
    onDelta: (piece) => {
      // No text holds a NUL, and the database stores none.
      const delta = piece.replaceAll('\0', '');
      progress.firstTokenMs ??= Math.round(performance.now() - grant.started);
      progress.text += delta;
      quarters += tokenQuarters(delta);
      // The cap holds in mid-call even when a provider ignores maxOutputTokens.
      if (quarters / 4 > mostOutputTokens(maxOutputTokens) || progress.text.length > MODEL_LIMITS.maxAnswerChars) {
        throw new AppError('model_call_failed', 'the answer is larger than the reserved credits cover', {
          details: { reason: 'oversize' },
        });
      }
      request.onDelta?.(delta);
    },
    onRetry: () => {
      progress.retries++;
    },
    onFinish: (usage, finishReason) => {
      progress.usage = usage;
      progress.finishReason = finishReason;
      answer.finishReason = finishReason;
    },
  });
  answer.text = progress.text;
  return answer;
}

function callOptions(ctx: CallContext, request: TextRequest, grant: CallGrant): LanguageModelV4CallOptions {
  const prompt: LanguageModelV4Prompt = [
    { role: 'system', content: request.system },
    { role: 'user', content: [{ type: 'text', text: request.prompt }] },
  ];
  return {
    prompt,
    maxOutputTokens: grant.maxOutputTokens,
    abortSignal: grant.signal,
    ...(request.jsonSchema ? { responseFormat: { type: 'json', schema: request.jsonSchema, name: ctx.role } } : {}),
    providerOptions: { plumbline: { role: ctx.role, ...definedOnly(ctx.hint) } },
  };
}

function definedOnly(hint: Omit<CallHint, 'role'>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(hint).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
