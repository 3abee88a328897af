import 'server-only';
import { notifyOwed } from '@/server/billing/notify';
import { clawBack, clawBackMonthly } from '@/server/credits/ledger/claw-back';
import { grant } from '@/server/credits/ledger/ledger';
import type { Tx } from '@/server/platform/db';

export interface ClawBackBasis {
  organizationId: string;
  /** What the credits came from; this field of an entry's metadata holds the id the first time, `takesAgain` later. */
  of: { field: 'purchaseId' | 'paymentIntentId'; id: string };
  /** Micro-credits that are to be taken back in all: what is missing to `least` is taken, what exceeds `most` is given back. */
  least: bigint;
  most: bigint;
  /** The credits were monthly ones of the present period: those are taken first. */
  monthlyFirst: boolean;
  userId: string | null;
  note: string;
  metadata: Record<string, unknown>;
}

/**
 * Brings what was taken back for refunds and disputes to what they are by now. What was spent already is owed. What is given
 * back after a dispute was won or a refund failed first settles what is owed, as a purchase does. The caller holds the organization's lock;
 * what was done before is read from the ledger, so a repetition does nothing.
 * @returns what this call took and made owed the first time, micro-credits. What is taken again after it was given back is
 *   not counted twice: a purchase's own figures never exceed its credits.
 */
export async function recomputeClawBack(tx: Tx, input: ClawBackBasis): Promise<{ taken: bigint; owed: bigint }> {
  const { organizationId, of, userId } = input;
  const { taken, given } = await tally(tx, input);
  const standing = taken - given;
  if (standing > input.most) {
    const amount = standing - input.most;
    await grant(tx, {
      organizationId,
      kind: 'topup_purchase',
      amount,
      bucket: 'bonus',
      idempotencyKey: `give-back:${of.id}:${given + amount}`,
      userId,
      note: 'The money was not returned after all: the payment stands',
      metadata: { givesBack: of.id },
    });
    return { taken: 0n, owed: 0n };
  }
  if (standing >= input.least) return { taken: 0n, owed: 0n };
  const missing = input.least - standing;
  const again = given > 0n;
  const metadata = { ...input.metadata, [again ? 'takesAgain' : of.field]: of.id };
  const entry = { organizationId, userId, note: input.note, metadata };
  const monthly = input.monthlyFirst
    ? await clawBackMonthly(tx, { ...entry, amount: missing, idempotencyKey: `claw-back:${of.id}:${taken}:monthly` })
    : 0n;
  const rest =
    monthly === missing
      ? { taken: 0n, owed: 0n }
      : await clawBack(tx, {
          ...entry,
          amount: missing - monthly,
          idempotencyKey: `claw-back:${of.id}:${taken + missing}`,
        });
  if (rest.owed > 0n) await notifyOwed(tx, organizationId);
  return again ? { taken: 0n, owed: 0n } : { taken: monthly + rest.taken, owed: rest.owed };
}

/** What was taken or became owed, and what was given back, since ever, micro-credits; both only grow. */
async function tally(tx: Tx, { organizationId, of }: ClawBackBasis): Promise<{ taken: bigint; given: bigint }> {
  const [row] = await tx.$queryRaw<{ taken: bigint; given: bigint }[]>`
    SELECT coalesce(sum(-"amount" + coalesce(("metadata"->>'owed')::bigint, 0)) FILTER (WHERE "kind" = 'refund'), 0)::bigint AS taken,
      coalesce(sum("amount") FILTER (WHERE "kind" = 'topup_purchase'), 0)::bigint AS given
    FROM "CreditEntry" WHERE "organizationId" = ${organizationId}
      AND (("kind" = 'refund' AND ("metadata"->>${of.field} = ${of.id} OR "metadata"->>'takesAgain' = ${of.id}))
         OR ("kind" = 'topup_purchase' AND "metadata"->>'givesBack' = ${of.id}))`;
  return row ?? { taken: 0n, given: 0n };
}
