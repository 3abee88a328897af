import 'server-only';
import { setTimeout as delay } from 'node:timers/promises';
import {
  InvalidResponseDataError,
  type LanguageModelV4CallOptions,
  type LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { wrapLanguageModel } from 'ai';
import { keyAnswered, keyFailed, takeOtherKey, untilRested } from '@/server/models/keys/key-pool';
import { createLanguageModel } from '@/server/models/providers/create-model';
import type { ProviderAccess } from '@/server/models/providers/instance-keys';
import { askedWait, providerFault } from '@/server/models/providers/provider-fault';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';
import { MODEL_LIMITS } from '../call-limits';
import type { CallGrant } from './call-grant';
import { leadingThoughts } from './leading-thoughts';
import { watchSilence } from './watch-silence';

export type AnswerPart = LanguageModelV4StreamPart;
type FinishPart = Extract<AnswerPart, { type: 'finish' }>;

/** Parts that say something of the answer itself. */
const CONTENT: ReadonlySet<AnswerPart['type']> = new Set([
  'text-delta',
  'reasoning-delta',
  'tool-input-start',
  'tool-call',
  'file',
  'source',
  'finish',
]);

/**
 * One answer, part by part; it ends with its `finish` part. Tries again on 429, 5xx and network faults, with exponential
 * back-off and jitter, waiting as long as the provider asks, but only while nothing of an answer has arrived: a stream cut in
 * the middle is a failed call, not half an answer.
 * @throws whatever the provider's client throws, and AppError `model_call_failed` for silence and a cut stream
 */
export async function* streamAnswer(
  grant: CallGrant,
  params: LanguageModelV4CallOptions,
  { retries = env().MODEL_MAX_RETRIES }: { retries?: number } = {},
): AsyncGenerator<AnswerPart> {
  const failed: ProviderAccess[] = [];
  for (let attempt = 0; ; attempt++) {
    let begun = false;
    let before: AnswerPart[] = [];
    try {
      await untilRested(grant.access, params.abortSignal);
      for await (const part of streamOnce(grant, params)) {
        begun ||= CONTENT.has(part.type);
        before.push(part);
        if (!begun) continue;
        yield* before;
        before = [];
      }
      await keyAnswered(grant.access);
      return;
    } catch (error) {
      if (!params.abortSignal?.aborted) await keyFailed(grant.access, error);
      if (!begun && !params.abortSignal?.aborted && (await takeOtherKey(grant, failed, error))) {
        grant.progress.retries++;
        attempt--;
        continue;
      }
      const wait = begun || params.abortSignal?.aborted || attempt >= retries ? null : retryDelay(error, attempt);
      if (wait === null) throw error;
      grant.progress.retries++;
      await delay(wait, undefined, params.abortSignal ? { signal: params.abortSignal } : {});
    }
  }
}

/** Milliseconds to wait before the next try, null when trying again is no use. */
export function retryDelay(error: unknown, attempt: number, random: () => number = Math.random): number | null {
  const fault = providerFault(error);
  if (fault !== 'rate-limit' && fault !== 'down') return null;
  const asked = askedWait(error);
  if (asked !== null) return asked <= MODEL_LIMITS.maxBackoffMs ? asked : null;
  const base = Math.min(MODEL_LIMITS.backoffMs * 2 ** attempt, MODEL_LIMITS.maxBackoffMs);
  return base * (1 + random() / 4);
}

async function* streamOnce(
  { provider, modelId, access, effort }: CallGrant,
  params: LanguageModelV4CallOptions,
): AsyncGenerator<AnswerPart> {
  const silence = watchSilence({ reasons: effort !== null });
  const overall = AbortSignal.timeout(env().MODEL_TIMEOUT_MS);
  const signal = AbortSignal.any([silence.signal, overall, ...(params.abortSignal ? [params.abortSignal] : [])]);
  const model = wrapLanguageModel({
    model: createLanguageModel(provider, modelId, { ...access, fetch: silence.fetch }),
    middleware: leadingThoughts,
  });
  let finished = false;
  try {
    const { stream } = await model.doStream({ ...params, abortSignal: signal });
    const reader = stream.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        silence.heard(value);
        if (value.type === 'error') {
          if (lacksReason(value.error) && silence.saidDone()) continue;
          throw errorOf(value.error);
        }
        finished ||= value.type === 'finish';
        yield value.type === 'finish' ? finishOf(value, silence.saidDone()) : value;
      }
    } finally {
      // After an error the provider's connection is let go; its own rejection has nothing new to say.
      reader.cancel().catch(() => undefined);
    }
    signal.throwIfAborted();
    if (!finished) throw cut('the stream ended without a finish');
  } catch (error) {
    if (silence.signal.aborted) throw tooLong('the model fell silent');
    if (overall.aborted) throw tooLong('the model took too long');
    throw error;
  } finally {
    silence.end();
  }
}

const cut = (message: string) => new AppError('model_call_failed', message, { details: { reason: 'cut' } });
const tooLong = (message: string) => new AppError('model_call_failed', message, { details: { reason: 'timeout' } });

/** Some servers name no reason and end by the protocol's own `[DONE]`: such an answer is whole. Without it, it was cut. */
function finishOf(part: FinishPart, saidDone: boolean): FinishPart {
  const { unified, raw } = part.finishReason;
  if ((unified === 'other' || unified === 'error') && raw === undefined && saidDone)
    return { ...part, finishReason: { unified: 'stop', raw: undefined } };
  if (unified === 'error' || unified === 'interrupted') throw cut(`the provider ended the answer: ${raw ?? unified}`);
  return part;
}

/** The AI SDK's word for a stream of chat completions that ended without a `finish_reason`. */
function lacksReason(error: unknown): boolean {
  return InvalidResponseDataError.isInstance(error) && error.data === undefined;
}

function errorOf(error: unknown): Error {
  if (error instanceof Error) return error;
  const message =
    typeof error === 'string'
      ? error
      : typeof error === 'object' && error !== null && 'message' in error
        ? String(error.message)
        : 'the provider sent an error in the stream';
  return new AppError('model_call_failed', message.slice(0, 300));
}
