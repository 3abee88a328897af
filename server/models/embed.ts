import 'server-only';
import { checkAndCountAccess } from '@/server/credits/access';
import { release, reserve, settle } from '@/server/credits/ledger';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { MODEL_LIMITS } from './limits';
import { activePrice } from './price-row';
import { costOf, creditsFor, estimateTokens } from './pricing';
import { createEmbeddingModel, keyIdentifier, parseModelRef } from './providers/create-model';
import { tariff } from './quote';

export interface EmbedContext {
  organizationId: string;
  projectId: string;
}

/**
 * Vectors of texts by a provider's embedding model, metered like every other call.
 * @throws AppError `model_not_priced`, `insufficient_credits`, `model_call_failed` (nothing charged)
 */
export async function embedTexts(
  ctx: EmbedContext,
  ref: string,
  texts: string[],
  signal?: AbortSignal,
): Promise<number[][]> {
  const { provider, modelId } = parseModelRef(ref);
  const price = await activePrice(db(), ref);
  const model = createEmbeddingModel(provider, modelId);
  const estimate = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  const amount = creditsFor(costOf({ input: estimate * 2, cached: 0, output: 0 }, price), tariff());
  const callId = newId();
  const { organizationId, projectId } = ctx;
  const holdId = await inTx(async (tx) => {
    await checkAndCountAccess(tx, { organizationId, capability: 'implement', quality: 'fast' });
    const hold = await reserve(tx, {
      organizationId,
      amount,
      idempotencyKey: `hold:${callId}`,
      ttlMs: MODEL_LIMITS.holdTtlMs,
      projectId,
      role: 'embed',
    });
    await tx.modelCall.create({
      data: {
        id: callId,
        organizationId,
        projectId,
        role: 'embed',
        capability: 'implement',
        quality: 'fast',
        modelRowId: ref,
        modelLabel: modelId,
        priceId: price.id,
        holdId: hold.holdId,
        idempotencyKey: `embed:${callId}`,
        promptVersion: 'embed-1',
        keyIdentifier: keyIdentifier(provider),
        createdAt: now(),
      },
    });
    return hold.holdId;
  });
  try {
    const result = await model.doEmbed({ values: texts, ...(signal ? { abortSignal: signal } : {}) });
    const input = result.usage?.tokens ?? estimate;
    const costNano = costOf({ input, cached: 0, output: 0 }, price);
    await inTx(async (tx) => {
      const { charged } = await settle(tx, {
        organizationId,
        holdId,
        actual: creditsFor(costNano, tariff()),
        modelCallId: callId,
      });
      await tx.modelCall.update({
        where: { id: callId },
        data: {
          status: 'succeeded',
          inputTokens: input,
          usageEstimated: result.usage === undefined,
          costNano,
          chargedMicro: charged,
          finishedAt: now(),
        },
      });
    });
    return result.embeddings;
  } catch (error) {
    await inTx(async (tx) => {
      await release(tx, { organizationId, holdId });
      await tx.modelCall.update({
        where: { id: callId },
        data: {
          status: 'failed',
          errorCode: 'model_call_failed',
          errorMessage: error instanceof Error ? error.message.slice(0, 300) : null,
          finishedAt: now(),
        },
      });
    });
    throw new AppError('model_call_failed', 'the embedding call failed', { cause: error });
  }
}
