import 'server-only';
import { memberBudget } from '@/server/credits/access/check-credit-balance';
import { getBalance } from '@/server/credits/ledger/balance';
import { release, settle } from '@/server/credits/ledger/ledger';
import { recordUsage } from '@/server/credits/reports/request-usage';
import { chargedShare, tariff } from '@/server/models/access/quote-call';
import { costOf, creditsFor, type TokenUsage } from '@/server/models/pricing';
import { keyIdentifier } from '@/server/models/providers/instance-keys';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { callFailure } from './call-failure';
import type { AccessContext, CallGrant, Metered, MeteredWork, OpenCall } from './call-grant';
import { readUsage } from './read-usage';

/** Settles to the true usage and stores what came of the call, in one transaction with the work's own `onSettled`. */
export async function settleCall<T>(
  ctx: AccessContext,
  work: MeteredWork<T>,
  call: OpenCall,
  result: T,
): Promise<Metered<T>> {
  const { progress, access } = call.grant;
  const usage = usageOf(call, work.model);
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
        ...outcomeColumns(usage, call.grant),
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
  ctx: AccessContext,
  { holdId, callId }: OpenCall,
  paid: { actual: bigint; metadata: Record<string, unknown> },
): Promise<{ charged: bigint; balanceLeft: bigint }> {
  const { organizationId, userId } = ctx;
  if (holdId === null) {
    const { monthly, bonus } = await getBalance(tx, organizationId);
    return { charged: 0n, balanceLeft: await leftFor(tx, ctx, monthly + bonus) };
  }
  const settled = await settle(tx, { organizationId, holdId, modelCallId: callId, userId, ...paid });
  if (settled.late) logger().warn({ callId, holdId }, 'settled after its hold had expired');
  return { charged: settled.charged, balanceLeft: await leftFor(tx, ctx, settled.balanceAfter) };
}

/** What the payer of the call has left: of the organization's balance no more than their own budget leaves. */
async function leftFor(tx: Tx, { organizationId, userId }: AccessContext, balance: bigint): Promise<bigint> {
  const own = userId === null ? null : await memberBudget(tx, { organizationId, userId });
  return own !== null && own.left < balance ? own.left : balance;
}

function usageOf(call: OpenCall, model: string): TokenUsage {
  const { usage, refused } = readUsage(call);
  if (refused !== null)
    logger().warn(
      { callId: call.callId, model, reported: call.grant.progress.usage, reason: refused },
      'usage not believed',
    );
  return usage;
}

/**
 * Gives the hold back, records the failure with what it truly cost us, and makes the error for the caller. Never throws: the
 * caller learns why the call failed, whatever else goes wrong. What could not be written here, the upkeep jobs close later.
 */
export async function failCall(
  ctx: AccessContext,
  call: OpenCall,
  cause: unknown,
  aborted: boolean,
): Promise<AppError> {
  const error = aborted
    ? new AppError('model_call_aborted', 'the model call was stopped', { cause })
    : isAppError(cause)
      ? cause
      : callFailure(cause, call.grant);
  const { holdId, callId } = call;
  // First and by itself: nothing that follows may keep credits held.
  if (holdId !== null)
    await orLog(callId, 'the hold of a failed call was not released', () =>
      release(db(), { organizationId: ctx.organizationId, holdId }),
    );
  await orLog(callId, 'a failed call was not recorded', () => recordFailure(call, error, aborted));
  return error;
}

async function recordFailure(call: OpenCall, error: AppError, aborted: boolean): Promise<void> {
  const { progress } = call.grant;
  const nothing: TokenUsage = { input: 0, cached: 0, output: 0, reasoning: 0, estimated: true };
  const isSilent = progress.usage === null && progress.text === '' && progress.thoughtQuarters === 0;
  const spent = isSilent ? nothing : usageOf(call, call.label);
  await db().modelCall.updateMany({
    where: { id: call.callId, status: 'running' },
    data: {
      ...outcomeColumns(spent, call.grant),
      status: aborted ? 'aborted' : 'failed',
      costNano: costOf(spent, call.price),
      errorCode: error.code,
      // A provider's words may hold a NUL, which the database does not store.
      errorMessage: error.message.replaceAll('\0', '').slice(0, 500),
    },
  });
}

async function orLog(callId: string, message: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger().error({ err: error, callId }, message);
  }
}

function outcomeColumns(usage: TokenUsage, { progress, started, provider, access }: CallGrant) {
  return {
    keyIdentifier: keyIdentifier(provider, access),
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
