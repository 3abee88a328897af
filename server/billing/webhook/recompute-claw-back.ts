import 'server-only';
import { notifyOwed } from '@/server/billing/notify';
import { clawBack, clawBackMonthly } from '@/server/credits/ledger/claw-back';
import { grant } from '@/server/credits/ledger/ledger';
import type { Tx } from '@/server/platform/db';

export interface ClawBackBasis {
  organizationId: string;
  /** What the credits came from; this field of an entry's metadata holds the id. */
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

/** What is taken back now, micro-credits: less what was given back since. */
export interface ClawBack {
  taken: bigint;
  /** What could not be taken because it had been used, whether or not it was repaid since. */
  owed: bigint;
}

/**
 * Recomputes the claw-back of a payment from its current refunds and disputes. What was spent already is owed. What is given
 * back after a dispute was won or a refund failed first settles what is owed, as a purchase does. The caller holds the
 * organization's lock; what was done before is read from the ledger, so a repetition does nothing.
 */
export async function recomputeClawBack(tx: Tx, input: ClawBackBasis): Promise<ClawBack> {
  const before = await readEntries(tx, input);
  const standing = before.taken + before.owed;
  if (standing > input.most) return giveBack(tx, input, before, standing - input.most);
  return standing < input.least ? take(tx, input, before, input.least - standing) : before;
}

interface Entries extends ClawBack {
  /** What was ever taken or became owed, and what was ever given back, micro-credits; both only grow. */
  everTaken: bigint;
  everGiven: bigint;
}

async function giveBack(tx: Tx, { organizationId, of, userId }: ClawBackBasis, before: Entries, amount: bigint) {
  await grant(tx, {
    organizationId,
    kind: 'topup_purchase',
    amount,
    bucket: 'bonus',
    idempotencyKey: `give-back:${of.id}:${before.everGiven + amount}`,
    userId,
    note: 'The money was not returned after all: the payment stands',
    metadata: { givesBack: of.id },
  });
  return lessGivenBack(before, amount);
}

async function take(tx: Tx, input: ClawBackBasis, before: Entries, amount: bigint): Promise<ClawBack> {
  const { organizationId, of, userId, note } = input;
  const entry = { organizationId, userId, note, metadata: { ...input.metadata, [of.field]: of.id } };
  const key = `claw-back:${of.id}`;
  const monthly = input.monthlyFirst
    ? await clawBackMonthly(tx, { ...entry, amount, idempotencyKey: `${key}:${before.everTaken}:monthly` })
    : 0n;
  if (monthly === amount) return { taken: before.taken + monthly, owed: before.owed };
  const idempotencyKey = `${key}:${before.everTaken + amount}`;
  const { taken, owed } = await clawBack(tx, { ...entry, amount: amount - monthly, idempotencyKey });
  if (owed > 0n) await notifyOwed(tx, organizationId);
  return { taken: before.taken + monthly + taken, owed: before.owed + owed };
}

/** Reads what was taken and given back from the ledger. Earlier versions named a repeated claw-back `takesAgain`. */
async function readEntries(tx: Tx, { organizationId, of }: ClawBackBasis): Promise<Entries> {
  const rows = await tx.$queryRaw<{ taken: bigint; owed: bigint; given: bigint }[]>`
    SELECT CASE WHEN "kind" = 'refund' THEN -"amount" ELSE 0 END AS taken,
      CASE WHEN "kind" = 'refund' THEN coalesce(("metadata"->>'owed')::bigint, 0) ELSE 0 END AS owed,
      CASE WHEN "kind" = 'topup_purchase' THEN "amount" ELSE 0 END AS given
    FROM "CreditEntry" WHERE "organizationId" = ${organizationId}
      AND (("kind" = 'refund' AND ("metadata"->>${of.field} = ${of.id} OR "metadata"->>'takesAgain' = ${of.id}))
         OR ("kind" = 'topup_purchase' AND "metadata"->>'givesBack' = ${of.id}))
    ORDER BY "seq"`;
  let stands: ClawBack = { taken: 0n, owed: 0n };
  let everTaken = 0n;
  let everGiven = 0n;
  for (const { taken, owed, given } of rows) {
    everTaken += taken + owed;
    everGiven += given;
    stands = lessGivenBack({ taken: stands.taken + taken, owed: stands.owed + owed }, given);
  }
  return { ...stands, everTaken, everGiven };
}

/** What is given back settles what is owed first. */
function lessGivenBack({ taken, owed }: ClawBack, given: bigint): ClawBack {
  const settled = given < owed ? given : owed;
  return { taken: taken - (given - settled), owed: owed - settled };
}
