import 'server-only';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';

/** Each change is one statement under the balance's lock, as the monthly reset is: whatever comes first, the end is the same. */
export interface UpgradeInput {
  organizationId: string;
  planId: string;
  idempotencyKey: string;
  userId?: string | null;
}

/**
 * To a plan with more credits, at once: this period gets the difference, a pending plan is dropped, and the plan's welcome
 * credits come once an organization. `adjusted` is the difference in micro-credits; 0 when it is not an upgrade.
 * @throws AppError `not_found`
 */
export async function upgradePlan(
  client: Client,
  input: UpgradeInput,
): Promise<{ outcome: 'ok' | 'replayed' | 'not_an_upgrade'; adjusted: bigint }> {
  const [row] = await client.$queryRaw<
    { outcome: 'ok' | 'replayed' | 'not_an_upgrade' | 'no_plan' | 'no_account'; adjusted: bigint }[]
  >`
    SELECT * FROM ledger_upgrade(${newId()}, ${newId()}, ${input.organizationId}, ${input.planId}, ${input.idempotencyKey}, ${input.userId ?? null},
      ${now()}::timestamptz)`;
  if (row === undefined || row.outcome === 'no_account') throw notFound('Credit account');
  if (row.outcome === 'no_plan') throw notFound('Plan');
  return { outcome: row.outcome, adjusted: row.adjusted };
}

/**
 * The next period starts with a plan of fewer credits. @returns when that is.
 * @throws AppError `conflict` when the plan does not have fewer credits, `not_found`
 */
export async function scheduleDowngrade(
  client: Client,
  input: { organizationId: string; planId: string },
): Promise<{ from: Date }> {
  const { due } = await schedule(client, input.organizationId, input.planId);
  if (due === null) throw notFound('Credit account');
  return { from: due };
}

/** The next period starts with the present plan after all. @throws AppError `not_found` */
export async function cancelDowngrade(client: Client, organizationId: string): Promise<void> {
  await schedule(client, organizationId, null);
}

async function schedule(client: Client, organizationId: string, planId: string | null): Promise<{ due: Date | null }> {
  const [row] = await client.$queryRaw<{ outcome: string; due: Date | null }[]>`
    SELECT * FROM ledger_schedule_plan(${organizationId}, ${planId}, ${now()}::timestamptz)`;
  if (row === undefined || row.outcome === 'no_account') throw notFound('Credit account');
  if (row.outcome === 'no_plan') throw notFound('Plan');
  if (row.outcome === 'not_a_downgrade') throw new AppError('conflict', 'the plan does not have fewer credits');
  return row;
}

export interface MovePlanInput {
  organizationId: string;
  planId: string;
  idempotencyKey: string;
  /** Shown in the history. */
  reason: string;
}

/**
 * To a plan at once because it is no longer paid for: monthly credits above the plan's are taken, except what open holds
 * need. `adjusted` is zero or below, in micro-credits. @throws AppError `not_found`
 */
export async function movePlanNow(
  client: Client,
  input: MovePlanInput,
): Promise<{ outcome: 'ok' | 'replayed'; adjusted: bigint }> {
  const [row] = await client.$queryRaw<{ outcome: 'ok' | 'replayed' | 'no_plan' | 'no_account'; adjusted: bigint }[]>`
    SELECT * FROM ledger_move_plan(${newId()}, ${input.organizationId}, ${input.planId}, ${input.idempotencyKey}, ${input.reason}, ${now()}::timestamptz)`;
  if (row === undefined || row.outcome === 'no_account') throw notFound('Credit account');
  if (row.outcome === 'no_plan') throw notFound('Plan');
  return { outcome: row.outcome, adjusted: row.adjusted };
}
