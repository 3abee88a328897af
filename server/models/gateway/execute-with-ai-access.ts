import 'server-only';
import { renewHold } from '@/server/credits/ledger/ledger';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import type { AccessContext, Metered, MeteredWork, OpenCall } from './call-grant';
import { failCall, settleCall } from './close-call';
import { openCall } from './open-call';

/**
 * The only way to a model: access and rate limit, reserve, execute, settle to the true usage or release.
 * A model that the plan does not include at this quality for this is refused, fallbacks and own keys included.
 * @throws AppError `model_not_priced`, `model_not_available`, `capability_denied`, `quality_not_allowed`, `rate_limited`,
 * `insufficient_credits`, `budget_exceeded`, `duplicate_request`, `model_call_failed` (nothing charged),
 * `model_call_aborted` (nothing charged)
 */
export async function executeWithAIAccess<T>(ctx: AccessContext, work: MeteredWork<T>): Promise<Metered<T>> {
  const abort = new AbortController();
  const call = await openCall(ctx, work, abort.signal);
  const forward = () => abort.abort(work.abortSignal?.reason);
  work.abortSignal?.addEventListener('abort', forward, { once: true });
  if (work.abortSignal?.aborted) forward();
  const renewal = keepHold(ctx, call);
  try {
    let result: T;
    try {
      result = await work.execute(call.grant);
    } finally {
      clearInterval(renewal);
      work.abortSignal?.removeEventListener('abort', forward);
    }
    await work.beforeSettle?.();
    return await settleCall(ctx, work, call, result);
  } catch (error) {
    // Also when what the answer was for did not come about: its settling was undone with it, and the hold must not stay open.
    throw await failCall(ctx, call, error, abort.signal.aborted);
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
