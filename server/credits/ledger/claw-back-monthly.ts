import 'server-only';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import type { ClawBackInput } from './claw-back';

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
