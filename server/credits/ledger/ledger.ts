import 'server-only';
import type { CreditEntryKind } from '@/prisma/generated/enums';
import { refusalSentence } from '@/server/credits/access/refusal-sentences';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';

/**
 * The sole writer of the ledger. Each transition is one statement: a call of a function in the ledger migration, which
 * locks the organization's balance row. Amounts are micro-credits.
 */
export interface ReserveInput {
  organizationId: string;
  amount: bigint;
  idempotencyKey: string;
  ttlMs: number;
  projectId?: string | null;
  runId?: string | null;
  taskId?: string | null;
  userId?: string | null;
  role?: string | null;
}

interface ReserveRow {
  outcome: 'ok' | 'replayed' | 'insufficient' | 'over_budget' | 'no_account';
  hold_id: string | null;
  hold_amount: bigint;
  available: bigint;
  resets_at: Date | null;
}

/**
 * Sets an amount aside. With a `userId` whose membership has a monthly budget, that must cover it too; somebody who is no
 * member has nothing to spend.
 * @throws AppError `insufficient_credits` with `required`, `available`, `resetsAt`; `budget_exceeded` with those and
 * `scope: 'member'`; `not_found` without an account.
 */
export async function reserve(
  client: Client,
  input: ReserveInput,
): Promise<{ holdId: string; amount: bigint; replayed: boolean }> {
  if (input.amount <= 0n) throw new AppError('invalid_input', 'a hold must be above zero');
  const at = now();
  const expires = new Date(at.getTime() + input.ttlMs);
  const [row] = await client.$queryRaw<ReserveRow[]>`
    SELECT * FROM ledger_reserve(${newId()}, ${input.organizationId}, ${input.amount}::bigint, ${input.idempotencyKey}, ${at}::timestamptz, ${expires}::timestamptz,
      ${input.projectId ?? null}, ${input.runId ?? null}, ${input.taskId ?? null}, ${input.userId ?? null}, ${input.role ?? null})`;
  if (row === undefined || row.outcome === 'no_account') throw notFound('Credit account');
  if (row.hold_id === null) throw refusal(row, input.amount);
  return { holdId: row.hold_id, amount: row.hold_amount, replayed: row.outcome === 'replayed' };
}

/**
 * For what holds nothing (an own key without a fee): as with `reserve`, nothing is done for somebody who is no member.
 * @throws AppError `budget_exceeded`
 */
export async function requirePayer(
  client: Client,
  { organizationId, userId }: { organizationId: string; userId: string },
): Promise<void> {
  if ((await client.membership.count({ where: { organizationId, userId } })) === 0)
    throw refusal({ outcome: 'over_budget', available: 0n, resets_at: null }, 0n);
}

function refusal(row: Pick<ReserveRow, 'outcome' | 'available' | 'resets_at'>, amount: bigint): AppError {
  const details = {
    required: amount.toString(),
    available: row.available.toString(),
    resetsAt: row.resets_at?.toISOString() ?? null,
  };
  if (row.outcome === 'over_budget') {
    return new AppError(
      'budget_exceeded',
      `needs ${amount} micro-credits, ${row.available} left of the member's budget`,
      {
        userMessage: refusalSentence.ownBudgetForStep,
        details: { scope: 'member', ...details },
      },
    );
  }
  return new AppError('insufficient_credits', `needs ${amount} micro-credits, ${row.available} available`, {
    userMessage: refusalSentence.creditsForStep,
    details,
  });
}

/** Puts off a pending hold's expiry while its call runs. @returns whether the hold is still pending. */
export async function renewHold(
  client: Client,
  input: { organizationId: string; holdId: string; ttlMs: number },
): Promise<boolean> {
  const expiresAt = new Date(now().getTime() + input.ttlMs);
  const [row] = await client.$queryRaw<{ pending: boolean }[]>`
    SELECT ledger_renew_hold(${input.organizationId}, ${input.holdId}, ${expiresAt}::timestamptz) AS pending`;
  return row?.pending === true;
}

export interface SettleInput {
  organizationId: string;
  holdId: string;
  actual: bigint;
  estimated?: bigint | null;
  modelCallId?: string | null;
  userId?: string | null;
  note?: string | null;
  metadata?: Record<string, unknown>;
}

export interface SettleResult {
  charged: bigint;
  absorbed: bigint;
  balanceAfter: bigint;
  /** The hold had expired before: charged all the same, and reported. */
  late: boolean;
  replayed: boolean;
}

/** Charges the true cost. @throws AppError `conflict` when the hold was released, `not_found`. */
export async function settle(client: Client, input: SettleInput): Promise<SettleResult> {
  const [row] = await client.$queryRaw<{ outcome: string; charged: bigint; absorbed: bigint; balance_after: bigint }[]>`
    SELECT * FROM ledger_settle(${newId()}, ${input.organizationId}, ${input.holdId}, ${input.actual}::bigint, ${input.estimated ?? null}::bigint,
      ${input.modelCallId ?? null}, ${input.userId ?? null}, ${input.note ?? null}, ${JSON.stringify(input.metadata ?? {})}::jsonb, ${now()}::timestamptz)`;
  if (row === undefined || row.outcome === 'not_found') throw notFound('Hold');
  if (row.outcome === 'released') throw new AppError('conflict', 'the hold was released before it was settled');
  return {
    charged: row.charged,
    absorbed: row.absorbed,
    balanceAfter: row.balance_after,
    late: row.outcome === 'late',
    replayed: row.outcome === 'replayed',
  };
}

/** Ends a pending hold without a charge; closing a closed hold changes nothing. @returns whether it was open. */
export async function release(client: Client, input: { organizationId: string; holdId: string }): Promise<boolean> {
  return closeHold(client, input, 'released');
}

async function closeHold(
  client: Client,
  input: { organizationId: string; holdId: string },
  status: 'released' | 'expired',
): Promise<boolean> {
  const [row] = await client.$queryRaw<{ outcome: string }[]>`
    SELECT ledger_close_hold(${input.organizationId}, ${input.holdId}, ${status}::"CreditHoldStatus", ${now()}::timestamptz) AS outcome`;
  if (row === undefined || row.outcome === 'not_found') throw notFound('Hold');
  return row.outcome === 'ok';
}

/** Expires pending holds whose time has passed, of one organization or of all. @returns how many. */
export async function expireStaleHolds(client: Client, onlyOf?: string): Promise<number> {
  const stale = await client.creditHold.findMany({
    where: { status: 'pending', expiresAt: { lt: now() }, ...(onlyOf === undefined ? {} : { organizationId: onlyOf }) },
    select: { id: true, organizationId: true },
    take: 500,
  });
  let expired = 0;
  for (const { id, organizationId } of stale)
    if (await closeHold(client, { organizationId, holdId: id }, 'expired')) expired++;
  return expired;
}

export interface GrantInput {
  organizationId: string;
  /** Kinds with rules of their own have functions of their own (settle, clawBack, upgradePlan, resetMonth). */
  kind: Exclude<CreditEntryKind, 'usage' | 'usage_refund' | 'expiry' | 'refund' | 'plan_adjustment'>;
  /** Signed: an adjustment may take credits. */
  amount: bigint;
  bucket: 'monthly' | 'bonus';
  idempotencyKey: string;
  userId?: string | null;
  note?: string | null;
  metadata?: Record<string, unknown>;
}

export interface GrantResult {
  /** Whether this call had the effect; a key has one. */
  granted: boolean;
  balanceAfter: bigint;
  /** Part of a purchase that went to what was owed from a claw-back. */
  repaid: bigint;
}

/** Adds credits, or takes them. @throws AppError `insufficient_credits` when it takes more than is free, `not_found`. */
export async function grant(client: Client, input: GrantInput): Promise<GrantResult> {
  const [row] = await client.$queryRaw<{ outcome: string; balance_after: bigint; repaid: bigint }[]>`
    SELECT * FROM ledger_grant(${newId()}, ${input.organizationId}, ${input.kind}::"CreditEntryKind", ${input.amount}::bigint, ${input.bucket},
      ${input.idempotencyKey}, ${input.userId ?? null}, ${input.note ?? null}, ${JSON.stringify(input.metadata ?? {})}::jsonb, ${now()}::timestamptz)`;
  if (row === undefined || row.outcome === 'no_account') throw notFound('Credit account');
  if (row.outcome === 'insufficient')
    throw new AppError('insufficient_credits', `${-input.amount} micro-credits are not free to be taken`);
  return { granted: row.outcome === 'ok', balanceAfter: row.balance_after, repaid: row.repaid };
}

/** Refunds what these calls were charged, each once; their cost stays recorded as absorbed. @returns micro-credits given back. */
export async function absorbCalls(
  client: Client,
  input: { organizationId: string; modelCallIds: readonly string[]; note: string },
): Promise<bigint> {
  let total = 0n;
  for (const id of input.modelCallIds) {
    const [row] = await client.$queryRaw<{ outcome: string; refunded: bigint }[]>`
      SELECT * FROM ledger_refund_usage(${newId()}, ${input.organizationId}, ${id}, ${input.note}, ${now()}::timestamptz)`;
    if (row?.outcome === 'ok') total += row.refunded;
  }
  return total;
}

/** Length of a credit period, milliseconds (30 days). */
export const PERIOD_MS = 30 * 86_400_000;

/**
 * Starts a period: a due pending plan is applied, monthly credits expire and the new month's are granted. Without `period`, the one that
 * contains now, when the present one has ended; with one (an invoice's), that one when it starts after the present one; of
 * the present one it corrects the end. One effect a period, however often it runs. @returns whether this call had it.
 */
export async function resetMonth(
  client: Client,
  organizationId: string,
  period?: { start: Date; end: Date },
): Promise<boolean> {
  if (period !== undefined && period.end <= period.start)
    throw new AppError('invalid_input', 'a period ends after it starts');
  const [row] = await client.$queryRaw<{ outcome: string }[]>`
    SELECT ledger_reset(${newId()}, ${newId()}, ${organizationId}, ${period?.start ?? null}::timestamptz, ${period?.end ?? null}::timestamptz,
      ${BigInt(PERIOD_MS)}::bigint, ${now()}::timestamptz) AS outcome`;
  return row?.outcome === 'ok';
}
