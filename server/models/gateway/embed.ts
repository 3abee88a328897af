import 'server-only';
import { setTimeout as delay } from 'node:timers/promises';
import {
  APICallError,
  type EmbeddingModelV4,
  type EmbeddingModelV4CallOptions,
  type EmbeddingModelV4Result,
} from '@ai-sdk/provider';
import { embedMany, wrapEmbeddingModel } from 'ai';
import { keyAnswered, keyFailed, takeOtherKey, untilRested } from '@/server/models/keys/key-pool';
import { ownKeyFailure } from '@/server/models/keys/own-key-refused';
import { estimateTokens } from '@/server/models/pricing';
import { createEmbeddingModel } from '@/server/models/providers/create-model';
import type { ProviderAccess } from '@/server/models/providers/instance-keys';
import { parseModelRef } from '@/server/models/providers/model-ref';
import { env } from '@/server/platform/env';
import { AppError, isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import type { CallGrant, Metered } from './call-grant';
import { executeWithAIAccess } from './execute-with-ai-access';
import { retryDelay } from './stream-answer';

export interface EmbedContext {
  organizationId: string;
  projectId: string;
  /** For whom it is held and booked; null: the instance itself. */
  userId: string | null;
}

/**
 * Vectors of texts by a provider's embedding model, one a text, in order, all of one length; metered like every other call.
 * @throws AppError `model_not_priced`, `model_not_available`, `rate_limited`, `insufficient_credits`, and with nothing
 * charged `model_call_failed`, `own_key_refused` and `model_call_aborted`
 */
export async function embedTexts(
  ctx: EmbedContext,
  ref: string,
  texts: string[],
  signal?: AbortSignal,
): Promise<number[][]> {
  const { embeddings } = await embedMany({
    model: meteredEmbeddingModel(ctx, ref),
    values: texts,
    maxRetries: 0,
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  return embeddings;
}

function meteredEmbeddingModel(ctx: EmbedContext, ref: string): EmbeddingModelV4 {
  const { provider, modelId } = parseModelRef(ref);
  return wrapEmbeddingModel({
    // Says how many texts one request takes; the key that is used is known once the call is open.
    model: createEmbeddingModel(provider, modelId, { apiKey: '' }),
    middleware: {
      specificationVersion: 'v4',
      wrapEmbed: async ({ params }) => (await meteredEmbedding(ctx, ref, params)).result,
    },
  });
}

function meteredEmbedding(
  { organizationId, projectId, userId }: EmbedContext,
  ref: string,
  { values, abortSignal }: EmbeddingModelV4CallOptions,
): Promise<Metered<EmbeddingModelV4Result>> {
  return executeWithAIAccess(
    {
      organizationId,
      projectId,
      userId,
      runId: null,
      taskId: null,
      stepId: null,
      role: 'embed',
      quality: 'fast',
      promptVersion: 'embed-1',
      idempotencyKey: `embed:${newId()}`,
    },
    {
      model: ref,
      inputTokens: values.reduce((sum, text) => sum + estimateTokens(text), 0),
      outputTokens: () => 0,
      abortSignal,
      execute: async (grant) => {
        const result = await embedWithRetries(grant, values, organizationId);
        if (result.usage !== undefined)
          grant.progress.usage = { input: result.usage.tokens, cached: 0, output: 0, reasoning: 0 };
        // Before it is paid: an answer that cannot be used costs the organization nothing.
        requireVectors(result.embeddings, values.length);
        return result;
      },
    },
  );
}

/** Tries again on 429, 5xx and network faults as text calls do; all tries together end within MODEL_TIMEOUT_MS. */
async function embedWithRetries(
  grant: CallGrant,
  values: string[],
  organizationId: string,
): Promise<EmbeddingModelV4Result> {
  const abortSignal = AbortSignal.any([grant.signal, AbortSignal.timeout(env().MODEL_TIMEOUT_MS)]);
  const failed: ProviderAccess[] = [];
  for (let attempt = 0; ; attempt++) {
    try {
      await untilRested(grant.access, abortSignal);
      const model = createEmbeddingModel(grant.provider, grant.modelId, grant.access);
      const result = await model.doEmbed({ values, abortSignal });
      await keyAnswered(grant.access);
      return result;
    } catch (error) {
      if (!abortSignal.aborted) await keyFailed(grant.access, error);
      if (!abortSignal.aborted && (await takeOtherKey(grant, failed, error))) {
        grant.progress.retries++;
        attempt--;
        continue;
      }
      const wait = abortSignal.aborted || attempt >= env().MODEL_MAX_RETRIES ? null : retryDelay(error, attempt);
      if (wait === null) throw failure(await ownKeyFailure(organizationId, grant, error));
      grant.progress.retries++;
      await delay(wait, undefined, { signal: abortSignal });
    }
  }
}

/** A provider's own words stay in the log: they can hold parts of keys, and this message reaches a search page. */
function failure(cause: unknown): AppError {
  if (isAppError(cause)) return cause;
  const status = APICallError.isInstance(cause) && cause.statusCode !== undefined ? ` (HTTP ${cause.statusCode})` : '';
  return new AppError('model_call_failed', `the embedding call failed${status}`, {
    cause,
    userMessage: 'The embedding model did not answer properly. Nothing was charged for it. Try again.',
  });
}

/** @throws AppError `model_call_failed` unless there are `count` vectors of one length, of finite numbers. */
function requireVectors(vectors: readonly number[][], count: number): void {
  if (vectors.length !== count)
    throw new AppError('model_call_failed', `${vectors.length} vectors came for ${count} texts`);
  const dims = vectors[0]?.length ?? 0;
  for (const vector of vectors) {
    if (vector.length === 0 || vector.length !== dims || !vector.every(Number.isFinite))
      throw new AppError('model_call_failed', `a vector came that is not ${dims} finite numbers`);
  }
}
