import 'server-only';
import { z } from 'zod';
import type { Project, Run } from '@/prisma/generated/client';
import { checkCreditBalance } from '@/server/credits/access/check-credit-balance';
import { exactCredits } from '@/server/credits/schema';
import { db } from '@/server/platform/db';
import { payerOf } from './actor';

/** Micro-credits as decimal text: the form in which an error and the journal carry them. */
const missingSchema = z.object({
  required: z.string().regex(/^\d+$/),
  available: z.string().regex(/^-?\d+$/),
  /** Whose budget does not suffice: the person's own in their organization, else the project's. */
  scope: z.literal('member').optional(),
});
export type MissingCredits = z.infer<typeof missingSchema>;

/** What the step that could not begin would have needed, from the details of its error. */
export function missingCredits(details: Record<string, unknown>): MissingCredits {
  return missingSchema.parse(details);
}

/**
 * Why the run paused, in words that stay true: what has come since then is for `viewUnlock`, and so is the payer's name,
 * which must not outlive their account in the journal.
 */
export function unlockText(code: string, { required, available, scope }: MissingCredits, payer: Payer | null): string {
  if (scope === 'member' && payer?.left)
    return 'Who continued this run last is no longer in this organization. Somebody else has to resume it, within their own budget.';
  const need = `The next step needs up to ${exactCredits(BigInt(required))} credits; ${exactCredits(BigInt(available))} were available.`;
  if (scope === 'member')
    return `${need} That is left of the monthly budget of the person who continued this run last. An owner or admin can raise it, or somebody else resumes within their own.`;
  return code === 'budget_exceeded'
    ? `${need} Raise the budget of this project, then resume.`
    : `${need} Wait for the monthly credits or add credits, then resume.`;
}

/** The person whose monthly budget a run is held to. */
export interface Payer {
  name: string;
  /** Is no member any more: there is nothing to spend for them, whatever their budget was. */
  left: boolean;
}

/** Null for a run of the instance itself. */
export async function findPayer(
  run: Pick<Run, 'organizationId' | 'actingUserId' | 'createdById'>,
): Promise<Payer | null> {
  const userId = payerOf(run);
  if (userId === null) return null;
  const { organizationId } = run;
  const [user, member] = await Promise.all([
    db().user.findUnique({ where: { id: userId }, select: { name: true, email: true, deletedAt: true } }),
    db().membership.findUnique({ where: { organizationId_userId: { organizationId, userId } }, select: { id: true } }),
  ]);
  // A deleted account keeps a row without a name of anybody.
  const name = user === null || user.deletedAt !== null ? null : user.name || user.email;
  return { name: name ?? 'The person who continued it', left: member === null };
}

/** What would let a paused run go on, as things are now. Amounts are micro-credits. */
export interface Unlock {
  kind: 'credits' | 'budget' | 'member_budget';
  text: string;
  /** Whose budget it is, for `member_budget`: the person who resumes goes on with their own. */
  payer: Payer | null;
  required: bigint;
  available: bigint;
  /** 0: it can go on now. */
  missing: bigint;
  /** When the plan's credits come again, and how many; null for a budget. */
  monthly: { at: Date; amount: bigint } | null;
}

/** @param charged micro-credits charged to the project so far. */
export async function viewUnlock(project: Project, run: Run, charged: bigint): Promise<Unlock> {
  const { organizationId, budgetMicro } = project;
  const failed = await db().runStep.findFirst({
    where: { runId: run.id, status: 'failed', errorCode: { in: ['insufficient_credits', 'budget_exceeded'] } },
    orderBy: { finishedAt: 'desc' },
    select: { errorCode: true, output: true },
  });
  const stored = missingSchema.safeParse(failed?.output);
  const required = stored.success ? BigInt(stored.data.required) : 0n;
  const text = project.statusReason ?? '';
  if (stored.data?.scope === 'member') {
    const { budgetLeft, resetsAt } = await checkCreditBalance(db(), {
      organizationId,
      userId: payerOf(run),
      required,
    });
    const left = budgetLeft ?? required;
    return {
      kind: 'member_budget',
      text,
      payer: await findPayer(run),
      required,
      available: left,
      missing: above(required, left),
      monthly: { at: resetsAt, amount: 0n },
    };
  }
  if (failed?.errorCode === 'budget_exceeded') {
    // A budget that was taken away is no limit any more.
    const left = budgetMicro === null ? required : budgetMicro - charged;
    return {
      kind: 'budget',
      text,
      payer: null,
      required,
      available: left,
      missing: above(required, left),
      monthly: null,
    };
  }
  const balance = await checkCreditBalance(db(), { organizationId, userId: null, required });
  return {
    kind: 'credits',
    text,
    payer: null,
    required,
    available: balance.available,
    missing: above(required, balance.available),
    // Waiting for the reset leads nowhere where the plan of then brings nothing.
    monthly: balance.nextAllocation === 0n ? null : { at: balance.resetsAt, amount: balance.nextAllocation },
  };
}

function above(required: bigint, available: bigint): bigint {
  return required > available ? required - available : 0n;
}
