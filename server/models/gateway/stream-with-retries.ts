import 'server-only';
import { setTimeout as delay } from 'node:timers/promises';
import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import type { TokenUsage } from '@/server/models/pricing';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';

export interface StreamHandlers {
  onDelta(text: string): void;
  onRetry(): void;
  onFinish(usage: Omit<TokenUsage, 'estimated'> | null, reason: 'stop' | 'length' | 'content-filter' | 'other'): void;
}

/**
 * Streams one answer. Tries again on 429, 5xx and network faults, with exponential back-off and jitter, honouring
 * Retry-After, but only while no text has arrived: a stream cut in the middle is a failed call, not half an answer.
 */
export async function streamWithRetries(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  handlers: StreamHandlers,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    let received = false;
    try {
      await streamOnce(model, options, {
        ...handlers,
        onDelta: (text) => {
          received = true;
          handlers.onDelta(text);
        },
      });
      return;
    } catch (error) {
      const wait =
        received || options.abortSignal?.aborted || attempt >= env().MODEL_MAX_RETRIES
          ? null
          : retryDelay(error, attempt);
      if (wait === null) throw error;
      handlers.onRetry();
      await delay(wait, undefined, options.abortSignal ? { signal: options.abortSignal } : {});
    }
  }
}

/** Milliseconds to wait before the next try, null when trying again is no use. */
export function retryDelay(error: unknown, attempt: number, random: () => number = Math.random): number | null {
  const status = APICallError.isInstance(error) ? error.statusCode : undefined;
  const retryable = APICallError.isInstance(error)
    ? error.isRetryable || status === 429 || (status ?? 0) >= 500
    : isNetworkFault(error);
  if (!retryable) return null;
  const header = APICallError.isInstance(error) ? error.responseHeaders?.['retry-after'] : undefined;
  const asked = header === undefined ? null : parseRetryAfter(header);
  if (asked !== null) return asked <= MODEL_LIMITS.maxBackoffMs ? asked : null;
  const base = Math.min(MODEL_LIMITS.backoffMs * 2 ** attempt, MODEL_LIMITS.maxBackoffMs);
  return base * (1 + random() / 4);
}

/** Seconds a provider that is over its limit asked to wait, null when it did not say or the fault is another. */
export function askedToWait(error: unknown): number | null {
  if (!APICallError.isInstance(error) || error.statusCode !== 429) return null;
  const header = error.responseHeaders?.['retry-after'];
  const asked = header === undefined ? null : parseRetryAfter(header);
  return asked === null ? null : Math.ceil(asked / 1000);
}

/** Retry-After (RFC 9110, 10.2.3): seconds or an HTTP date; milliseconds, null when it is neither. */
export function parseRetryAfter(value: string): number | null {
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

function isNetworkFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code =
    'code' in error
      ? String(error.code)
      : error.cause instanceof Error && 'code' in error.cause
        ? String(error.cause.code)
        : '';
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR)/.test(code) || /fetch failed|terminated|socket/i.test(error.message)
  );
}

/** One try. @throws whatever the provider's client throws, and AppError `model_call_failed` for silence and a cut stream */
export async function streamOnce(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  handlers: StreamHandlers,
): Promise<void> {
  const watchdog = new AbortController();
  const overall = AbortSignal.timeout(env().MODEL_TIMEOUT_MS);
  const signals = [watchdog.signal, overall, ...(options.abortSignal ? [options.abortSignal] : [])];
  let timer = setTimeout(() => watchdog.abort(), MODEL_LIMITS.firstTokenMs);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => watchdog.abort(), MODEL_LIMITS.idleMs);
  };
  const signal = AbortSignal.any(signals);
  try {
    const { stream } = await model.doStream({ ...options, abortSignal: signal });
    const reader = stream.getReader();
    let finished = false;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard();
        if (takePart(value, handlers)) finished = true;
      }
    } finally {
      // After an error the provider's connection is let go; its own rejection has nothing new to say.
      reader.cancel().catch(() => undefined);
    }
    if (signal.aborted) throw timeoutError(watchdog.signal, overall);
    if (!finished)
      throw new AppError('model_call_failed', 'the stream ended without a finish', { details: { reason: 'cut' } });
  } catch (error) {
    if (watchdog.signal.aborted || overall.aborted) throw timeoutError(watchdog.signal, overall);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function timeoutError(idle: AbortSignal, overall: AbortSignal): Error {
  if (idle.aborted)
    return new AppError('model_call_failed', 'the model fell silent', { details: { reason: 'timeout' } });
  if (overall.aborted)
    return new AppError('model_call_failed', 'the model took too long', { details: { reason: 'timeout' } });
  return new AppError('model_call_aborted', 'the model call was stopped');
}

/** @returns true for the finish part. */
function takePart(part: LanguageModelV4StreamPart, handlers: StreamHandlers): boolean {
  if (part.type === 'text-delta') handlers.onDelta(part.delta);
  else if (part.type === 'error')
    throw part.error instanceof Error ? part.error : new AppError('model_call_failed', describe(part.error));
  else if (part.type === 'finish') {
    const reason = part.finishReason.unified;
    if (reason === 'error' || reason === 'interrupted')
      throw new AppError('model_call_failed', `the provider ended the answer: ${part.finishReason.raw ?? reason}`);
    const { inputTokens, outputTokens } = part.usage;
    const known =
      inputTokens.total !== undefined && outputTokens.total !== undefined && inputTokens.total + outputTokens.total > 0;
    handlers.onFinish(
      known
        ? {
            input: inputTokens.total ?? 0,
            cached: inputTokens.cacheRead ?? 0,
            output: outputTokens.total ?? 0,
            reasoning: outputTokens.reasoning ?? 0,
          }
        : null,
      reason === 'stop' || reason === 'length' || reason === 'content-filter' ? reason : 'other',
    );
    return true;
  }
  return false;
}

function describe(error: unknown): string {
  if (typeof error === 'string') return error.slice(0, 300);
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message).slice(0, 300);
  return 'the provider sent an error in the stream';
}
