import 'server-only';
import { APICallError } from '@ai-sdk/provider';
import { MODEL_LIMITS, ROLE_OUTPUT_TOKENS } from '@/server/models/call-limits';
import type { CallGrant } from '@/server/models/gateway/call-grant';
import { executeWithAIAccess } from '@/server/models/gateway/execute-with-ai-access';
import { streamAnswer } from '@/server/models/gateway/stream-answer';
import { estimateTokens } from '@/server/models/pricing';
import { KEY_FAULT_TEXT, keyFault } from '@/server/models/providers/provider-fault';
import type { Provider } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { AppError, isAppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { usageIn } from './read-usage';

const PROMPT = 'Say OK.';

/**
 * Tries a stored key by the cheapest real call: a few tokens of one of the provider's fast models. It runs on the
 * organization's own account, so it costs no credits, the platform fee included; it is on record with its true cost, and limited
 * a minute and a day. What the provider says to a wrong key is kept with the key.
 * @throws AppError `not_found` without a key, `rate_limited`, `model_not_available`, `model_not_priced`
 */
export async function checkOwnKey(input: {
  organizationId: string;
  userId: string;
  provider: Provider;
}): Promise<{ works: boolean; message: string }> {
  const { organizationId, userId, provider } = input;
  if ((await db().providerKey.count({ where: { organizationId, provider } })) === 0) throw notFound('Key');
  const model = await db().llmModel.findFirst({
    where: {
      provider,
      active: true,
      kind: 'text',
      tier: 'fast',
      // One that the provider has withdrawn would make the key look broken.
      OR: [{ deprecatedAt: null }, { deprecatedAt: { gt: now() } }],
    },
    orderBy: { modelId: 'asc' },
  });
  if (model === null) throw new AppError('model_not_available', `no model of ${provider} is in the catalogue`);
  let testError: string | null = null;
  try {
    await executeWithAIAccess(
      {
        organizationId,
        userId,
        projectId: null,
        runId: null,
        taskId: null,
        stepId: null,
        role: 'key-test',
        quality: 'fast',
        promptVersion: 'key-test-1',
        idempotencyKey: `key-test:${newId()}`,
      },
      {
        model: model.id,
        inputTokens: estimateTokens(PROMPT),
        outputTokens: () => ROLE_OUTPUT_TOKENS['key-test'],
        execute: askOnce,
      },
    );
  } catch (error) {
    if (!isAppError(error) || error.code !== 'model_call_failed') throw error;
    testError = error.message;
  }
  await db().providerKey.updateMany({ where: { organizationId, provider }, data: { testedAt: now(), testError } });
  return { works: testError === null, message: testError ?? `${model.label} answered.` };
}

/** The whole answer is read: its end says what it truly cost. */
async function askOnce(grant: CallGrant): Promise<void> {
  const { progress, signal } = grant;
  const params = {
    prompt: [{ role: 'user' as const, content: [{ type: 'text' as const, text: PROMPT }] }],
    maxOutputTokens: ROLE_OUTPUT_TOKENS['key-test'],
    abortSignal: AbortSignal.any([signal, AbortSignal.timeout(MODEL_LIMITS.keyTestMs)]),
  };
  try {
    for await (const part of streamAnswer(grant, params, { retries: 0 })) {
      if (part.type === 'text-delta') {
        progress.firstTokenMs ??= Math.round(performance.now() - grant.started);
        progress.text += part.delta;
      } else if (part.type === 'finish') {
        progress.usage = usageIn(part);
        progress.finishReason = part.finishReason.unified;
      }
    }
  } catch (cause) {
    throw new AppError('model_call_failed', reasonOf(cause), { cause });
  }
}

/** For people; never the provider's raw text, which may repeat a part of the key. */
function reasonOf(error: unknown): string {
  const fault = keyFault(error);
  if (fault !== null) return KEY_FAULT_TEXT[fault];
  if (APICallError.isInstance(error)) {
    if (error.statusCode === 429) return 'The provider knows this key but says its limit or credit is used up.';
    if (error.statusCode !== undefined) return `The provider answered with status ${error.statusCode}.`;
  }
  return 'The provider could not be reached.';
}
