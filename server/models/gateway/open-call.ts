import 'server-only';
import { checkAndCountAccess, countRequest } from '@/server/credits/access/plan-access';
import { requirePayer, reserve } from '@/server/credits/ledger/ledger';
import { holdAmount } from '@/server/models/access/hold-amount';
import { chargedShare, tariff } from '@/server/models/access/quote-call';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { effortOf } from '@/server/models/effort';
import { outputTokensCovered } from '@/server/models/pricing';
import { keyIdentifier } from '@/server/models/providers/instance-keys';
import { parseModelRef } from '@/server/models/providers/model-ref';
import { capabilityOf } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import type { AccessContext, MeteredWork, OpenCall } from './call-grant';
import { readCallBasis } from './read-call-basis';

/** Checks access, counts the request, holds the credits and writes the call's row. @throws AppError as `executeWithAIAccess` */
export async function openCall<T>(ctx: AccessContext, work: MeteredWork<T>, signal: AbortSignal): Promise<OpenCall> {
  const { provider, modelId } = parseModelRef(work.model);
  const basis = await readCallBasis(db(), ctx.organizationId, { ...ctx, modelRef: work.model });
  const { model, price, access, quote } = basis;
  const tokens = { input: work.inputTokens, output: work.outputTokens(model) };
  const amount = holdAmount(quote.p90, tokens, { price, tariff: tariff() });
  const ownTest = ctx.role === 'key-test';
  // Only the organization's own key is tested, never the instance's in its place.
  if (ownTest && !access.own) throw notFound('Key');
  const held = ownTest ? 0n : chargedShare(amount, access.own);
  const callId = newId();
  const capability = capabilityOf(ctx.role);
  const { organizationId, userId, projectId, runId, taskId, stepId, role, quality } = ctx;
  const effort = effortOf(model, quality);
  const holdId = await inTx(async (tx) => {
    await countCall(tx, ctx, capability);
    if (held === 0n && userId !== null) await requirePayer(tx, { organizationId, userId });
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
    // The unique key decides between two senders; the hold of a second sender is undone with its transaction.
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
          // What is known of its use until it is closed: all that is known for good when this process dies.
          inputTokens: work.inputTokens,
          usageEstimated: true,
          ownKey: access.own,
          effort,
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
    grant: {
      provider,
      modelId,
      effort,
      access,
      maxOutputTokens: Math.max(covered, 1),
      started: performance.now(),
      signal,
      progress: { text: '', thoughtQuarters: 0, firstTokenMs: null, usage: null, finishReason: null, retries: 0 },
    },
  };
}

/** @throws AppError `capability_denied`, `quality_not_allowed`, `rate_limited` */
async function countCall(tx: Tx, { organizationId, role, quality }: AccessContext, capability: string): Promise<void> {
  // Neither takes one of the plan's requests: a search is no request for work, a test does none. Both are limited on every plan.
  if (role === 'key-test' || role === 'embed')
    await countRequest(tx, { organizationId, name: role, ...OWN_LIMITS[role] });
  else await checkAndCountAccess(tx, { organizationId, capability, quality });
}

const OWN_LIMITS = {
  'key-test': { perMinute: MODEL_LIMITS.keyTestsPerMinute, perDay: MODEL_LIMITS.keyTestsPerDay },
  embed: { perMinute: MODEL_LIMITS.embedsPerMinute, perDay: MODEL_LIMITS.embedsPerDay },
} as const;

function duplicateRequest(key: string): AppError {
  return new AppError('duplicate_request', `model call ${key} was made before`, {
    userMessage: 'This was asked for before. Nothing was done or charged twice. Reload the page to see the result.',
  });
}
