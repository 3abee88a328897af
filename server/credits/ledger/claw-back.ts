import 'server-only';
import { now } from '@/server/platform/clock';
import type { Client, Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';

export interface ClawBackInput {
  organizationId: string;
  /** Micro-credits to take back, above zero. */
  amount: bigint;
  idempotencyKey: string;
  userId?: string | null;
  note?: string | null;
  /** Provider facts. With `purchaseId`, the audit compares the purchase's `clawedMicro` and `owedMicro` with the entries. */
  metadata?: Record<string, unknown>;
}

/**
 * Takes back credits of a refunded or disputed purchase, as far as they are bonus that is neither spent nor needed by open
 * holds; the rest is owed, and repaid by the next purchase. A replay returns what the first call did.
 * @throws AppError `not_found` without an account, `invalid_input`
 */
export async function clawBack(
  client: Client,
  input: ClawBackInput,
): Promise<{ taken: bigint; owed: bigint; replayed: boolean }> {
  if (input.amount <= 0n) throw new AppError('invalid_input', 'a claw-back must be above zero');
  const [row] = await client.$queryRaw<{ outcome: string; taken: bigint; owed: bigint }[]>`
    SELECT * FROM ledger_claw_back(${newId()}, ${input.organizationId}, ${input.amount}::bigint, ${input.idempotencyKey}, ${input.userId ?? null},
      ${input.note ?? null}, ${JSON.stringify(input.metadata ?? {})}::jsonb, ${now()}::timestamptz)`;
  if (row === undefined || row.outcome === 'no_account') throw notFound('Credit account');
  return { taken: row.taken, owed: row.owed, replayed: row.outcome === 'replayed' };
}

/**
 * Takes back monthly credits of a plan whose payment was returned, as far as they are neither spent nor needed by open
 * holds; nothing becomes owed. @returns what was taken, micro-credits; 0 for a key that was used before
 * @throws AppError `not_found` without an account, `invalid_input`
 */
export async function clawBackMonthly(tx: Tx, input: ClawBackInput): Promise<bigint> {
  if (input.amount <= 0n) throw new AppError('invalid_input', 'a claw-back must be above zero');
  const [balance] = await tx.$queryRaw<{ free: bigint }[]>`
    SELECT greatest(least("monthly", "monthly" + "bonus" - "held"), 0) AS free FROM "CreditBalance"
    WHERE "organizationId" = ${input.organizationId} FOR NO KEY UPDATE`;
  if (balance === undefined) throw notFound('Credit account');
  const enough = balance.free >= input.amount;
  const taken = enough ? input.amount : balance.free;
  if (taken === 0n) return 0n;
  const [row] = await tx.$queryRaw<{ outcome: string }[]>`
    SELECT outcome FROM ledger_grant(${newId()}, ${input.organizationId}, 'refund', ${-taken}::bigint, 'monthly', ${input.idempotencyKey},
      ${input.userId ?? null}, ${input.note ?? null}, ${JSON.stringify(input.metadata ?? {})}::jsonb, ${now()}::timestamptz)`;
  return row?.outcome === 'ok' ? taken : 0n;
}
