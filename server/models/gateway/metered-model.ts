import 'server-only';
import type { JSONSchema7, LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { wrapLanguageModel } from 'ai';
import { outputTokensOf } from '@/server/models/access/hold-amount';
import { ownKeyFailure } from '@/server/models/keys/own-key-refused';
import { estimateTokens, tokenQuarters } from '@/server/models/pricing';
import { parseModelRef } from '@/server/models/providers/model-ref';
import { providerFault } from '@/server/models/providers/provider-fault';
import type { Tx } from '@/server/platform/db';
import { AppError, type AppErrorCode, isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { MODEL_LIMITS } from '../call-limits';
import { requireComplete } from './call-failure';
import type { CallContext, CallGrant, Metered, TextResult } from './call-grant';
import { executeWithAIAccess } from './execute-with-ai-access';
import { generatedAnswer } from './generated-answer';
import { afterThoughts } from './leading-thoughts';
import { mostOutputTokens, usageIn } from './read-usage';
import { type AnswerPart, streamAnswer } from './stream-answer';

export interface MeteredOptions {
  /** provider:model */
  model: string;
  /** Models tried in this order when the one before does not answer at all. */
  fallbacks?: readonly string[] | undefined;
  /** Ask for JSON of this schema, when the provider can. */
  jsonSchema?: JSONSchema7;
  /** Hears the text as it comes, always before the call is settled. */
  onDelta?: ((text: string) => void) | undefined;
  /** Runs when the answer is complete, before the settling transaction opens. */
  beforeSettle?: (() => Promise<void>) | undefined;
  /** Runs in the transaction that settles: what must be true exactly when the call is paid. */
  onSettled?: ((tx: Tx, result: TextResult) => Promise<void>) | undefined;
}

export interface MeteredModel {
  model: LanguageModelV4;
  /** What came of the last call, once it is settled. @throws AppError as `executeWithAIAccess` */
  result(): Promise<TextResult>;
}

interface Answer {
  text: string;
  finish: FinishPart;
}
type FinishPart = Extract<AnswerPart, { type: 'finish' }>;
type Emit = (part: AnswerPart) => Promise<void>;

/**
 * A model for `streamText` and `generateText` whose every call, each step of a loop over tools too, is metered: access, rate limit and hold before; the cap while it streams; then it
 * is settled, or released. The answer's `finish` leaves only once the call is paid. A provider that does not answer at all is
 * passed over for the next allowed model; its failed call is on record and costs nothing.
 */
export function meteredModel(ctx: CallContext, options: MeteredOptions): MeteredModel {
  let calls = 0;
  let last: Promise<Metered<Answer>> | undefined;
  const call = (params: LanguageModelV4CallOptions, emit: Emit): Promise<Metered<Answer>> => {
    const step = calls++ === 0 ? '' : `:step-${calls}`;
    last = callFirstThatAnswers({ ...ctx, idempotencyKey: `${ctx.idempotencyKey}${step}` }, options, params, emit);
    return last;
  };
  const model = wrapLanguageModel({
    model: chosenWithTheCall(options.model),
    middleware: {
      specificationVersion: 'v4',
      // A provider is always asked for a stream: the cap and the signs of life are held in it.
      wrapGenerate: async ({ params }) => {
        const parts: AnswerPart[] = [];
        const { result } = await call(params, async (part) => void parts.push(part));
        return generatedAnswer(parts, result.finish);
      },
      wrapStream: async ({ params }) => {
        const { readable, writable } = new TransformStream<AnswerPart, AnswerPart>();
        const writer = writable.getWriter();
        call(params, (part) => writer.write(part))
          .then(
            ({ result }) => writer.write(result.finish),
            (error: unknown) => writer.write({ type: 'error', error }),
          )
          .then(() => writer.close())
          // The reader has gone: the caller hears of the outcome by `result`.
          .catch(() => undefined);
        return { stream: readable };
      },
    },
  });
  return {
    model,
    result: async () => {
      if (last === undefined) throw new AppError('model_call_aborted', 'no call was made');
      return textResult(await last);
    },
  };
}

/** Which model answers, and with which key, is known only once a call is open. */
function chosenWithTheCall(ref: string): LanguageModelV4 {
  const { provider, modelId } = parseModelRef(ref);
  const refuse = () => {
    throw new AppError('internal', 'a metered model answers only by its middleware');
  };
  return { specificationVersion: 'v4', provider, modelId, supportedUrls: {}, doGenerate: refuse, doStream: refuse };
}

async function callFirstThatAnswers(
  ctx: CallContext,
  options: MeteredOptions,
  params: LanguageModelV4CallOptions,
  emit: Emit,
): Promise<Metered<Answer>> {
  const models = [options.model, ...(options.fallbacks ?? [])];
  for (const [i, model] of models.entries()) {
    let begun = false;
    const key = i === 0 ? ctx.idempotencyKey : `${ctx.idempotencyKey}:fallback-${i}`;
    try {
      return await callOne({ ...ctx, idempotencyKey: key }, { ...options, model }, params, (part) => {
        begun = true;
        return emit(part);
      });
    } catch (error) {
      if (begun || i === models.length - 1 || !isProviderDown(error)) throw error;
      logger().warn({ model, next: models[i + 1], err: error }, 'model does not answer: the next one is tried');
    }
  }
  throw new AppError('model_not_available', 'no model to call');
}

const DOWN: ReadonlySet<AppErrorCode> = new Set([
  'own_key_refused',
  'provider_key_refused',
  'provider_quota_used_up',
  'model_unknown',
]);

/** The provider's side failed in a way that another provider's would not: overload, outage, network, a refused key. */
function isProviderDown(error: unknown): boolean {
  if (!isAppError(error)) return false;
  if (DOWN.has(error.code)) return true;
  const fault = providerFault(error.cause);
  return fault === 'down' || fault === 'rate-limit';
}

async function callOne(
  ctx: CallContext,
  options: MeteredOptions,
  params: LanguageModelV4CallOptions,
  emit: Emit,
): Promise<Metered<Answer>> {
  const { onSettled } = options;
  return executeWithAIAccess<Answer>(ctx, {
    model: options.model,
    inputTokens: inputTokensOf(params),
    outputTokens: ({ maxOutput }) => outputTokensOf(ctx.role, maxOutput),
    abortSignal: params.abortSignal,
    execute: async (grant) => {
      try {
        return await takeAnswer(grant, paramsFor(ctx, options, params, grant), options, emit);
      } catch (error) {
        throw await ownKeyFailure(ctx.organizationId, grant, error);
      }
    },
    beforeSettle: options.beforeSettle,
    onSettled: onSettled && ((tx, settled) => onSettled(tx, textResult(settled))),
  });
}

/** Our estimate of what goes in: every text of the prompt, and what the tools are described by. */
function inputTokensOf({ prompt, tools }: LanguageModelV4CallOptions): number {
  const texts = prompt.flatMap(({ content }) =>
    typeof content === 'string'
      ? [content]
      : content.map((part) => ('text' in part ? part.text : JSON.stringify(part))),
  );
  if (tools !== undefined && tools.length > 0) texts.push(JSON.stringify(tools));
  return texts.reduce((sum, text) => sum + estimateTokens(text), 0);
}

function paramsFor(
  { role, hint }: CallContext,
  { jsonSchema }: MeteredOptions,
  params: LanguageModelV4CallOptions,
  { maxOutputTokens, signal, effort }: CallGrant,
): LanguageModelV4CallOptions {
  const known = Object.entries(hint).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return {
    ...params,
    maxOutputTokens,
    abortSignal: signal,
    ...(effort === null ? {} : { reasoning: effort }),
    ...(jsonSchema === undefined ? {} : { responseFormat: { type: 'json', schema: jsonSchema, name: role } }),
    providerOptions: { ...params.providerOptions, plumbline: { role, ...Object.fromEntries(known) } },
  };
}

async function takeAnswer(
  grant: CallGrant,
  params: LanguageModelV4CallOptions,
  { onDelta }: MeteredOptions,
  emit: Emit,
): Promise<Answer> {
  const { progress } = grant;
  let finish: FinishPart | null = null;
  let calledTools = false;
  // Counted piece by piece: estimating the whole text at each piece would be quadratic.
  let quarters = 0;
  for await (const part of streamAnswer(grant, params)) {
    if (part.type === 'finish') {
      finish = part;
      continue;
    }
    const written = writtenBy(part);
    if (written !== '') progress.firstTokenMs ??= Math.round(performance.now() - grant.started);
    quarters += tokenQuarters(written);
    if (part.type === 'text-delta') {
      progress.text += written;
      onDelta?.(written);
    } else progress.thoughtQuarters += tokenQuarters(written);
    calledTools ||= part.type === 'tool-call' && (params.tools ?? []).some(({ name }) => name === part.toolName);
    requireCovered(quarters, grant);
    await emit(part.type === 'text-delta' ? { ...part, delta: written } : part);
  }
  if (finish === null) throw new AppError('model_call_failed', 'the stream ended without a finish');
  progress.usage = usageIn(finish);
  progress.finishReason = finish.finishReason.unified;
  const text = afterThoughts(progress.text);
  requireComplete({ reason: finish.finishReason, text, thought: progress.thoughtQuarters > 0, calledTools });
  return { text, finish };
}

/** No text holds a NUL, and the database stores none. */
function writtenBy(part: AnswerPart): string {
  return part.type === 'text-delta' || part.type === 'reasoning-delta' || part.type === 'tool-input-delta'
    ? part.delta.replaceAll('\0', '')
    : '';
}

/** The cap holds in mid-call even when a provider ignores maxOutputTokens. */
function requireCovered(quarters: number, { maxOutputTokens, progress }: CallGrant): void {
  if (quarters / 4 <= mostOutputTokens(maxOutputTokens) && progress.text.length <= MODEL_LIMITS.maxAnswerChars) return;
  throw new AppError('model_call_failed', 'the answer is larger than the reserved credits cover', {
    details: { reason: 'oversize' },
  });
}

function textResult({
  result,
  callId,
  usage,
  costNano,
  creditsUsed,
  balanceLeft,
  modelLabel,
}: Metered<Answer>): TextResult {
  const { text } = result;
  return { text, callId, usage, costNano, chargedMicro: creditsUsed, balanceMicro: balanceLeft, modelLabel };
}
