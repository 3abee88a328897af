import 'server-only';
import { z } from 'zod';
import type { Project } from '@/prisma/generated/client';
import { getBalance } from '@/server/credits/balance';
import { checkCreditBalance } from '@/server/credits/check-credit-balance';
import { planAllocation } from '@/server/credits/plan-allocation';
import { exactCredits } from '@/server/credits/schema';
import { db } from '@/server/platform/db';

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

/** Why the run paused, in words that stay true: what has come since then is for `viewUnlock`. */
export function unlockText(code: string, { required, available, scope }: MissingCredits): string {
  const need = `The next step needs up to ${exactCredits(BigInt(required))} credits; ${exactCredits(BigInt(available))} were available.`;
  if (scope === 'member') return `${need} Ask an owner or admin to raise your monthly budget, then resume.`;
  return code === 'budget_exceeded'
    ? `${need} Raise the budget of this project, then resume.`
    : `${need} Wait for the monthly credits or add credits, then resume.`;
}

/** What would let a paused run go on, as things are now. Amounts are micro-credits. */
export interface Unlock {
  kind: 'credits' | 'budget' | 'member_budget';
  text: string;
  required: bigint;
  available: bigint;
  /** 0: it can go on now. */
  missing: bigint;
  /** When the plan's credits come again, and how many; null for a budget. */
  monthly: { at: Date; amount: bigint } | null;
}

/** @param charged micro-credits charged to the project so far. */
export async function viewUnlock(project: Project, runId: string, charged: bigint): Promise<Unlock> {
  const { organizationId, budgetMicro } = project;
  const failed = await db().runStep.findFirst({
    where: { runId, status: 'failed', errorCode: { in: ['insufficient_credits', 'budget_exceeded'] } },
    orderBy: { finishedAt: 'desc' },
    select: { errorCode: true, output: true },
  });
  const stored = missingSchema.safeParse(failed?.output);
  const required = stored.success ? BigInt(stored.data.required) : 0n;
  const text = project.statusReason ?? '';
  if (stored.data?.scope === 'member') {
    const { budgetLeft, resetsAt } = await checkCreditBalance(db(), {
      organizationId,
      userId: project.createdById,
      required,
    });
    const left = budgetLeft ?? required;
    return {
      kind: 'member_budget',
      text,
      required,
      available: left,
      missing: above(required, left),
      monthly: { at: resetsAt, amount: 0n },
    };
  }
  if (failed?.errorCode === 'budget_exceeded') {
    // A budget that was taken away is no limit any more.
    const left = budgetMicro === null ? required : budgetMicro - charged;
    return { kind: 'budget', text, required, available: left, missing: above(required, left), monthly: null };
  }
  const balance = await getBalance(db(), organizationId);
  const row = await db().organizationPlan.findUnique({
    where: { organizationId },
    include: { plan: true, organization: true },
  });
  // Waiting for the reset leads nowhere where it brings nothing.
  const amount = row === null ? 0n : planAllocation(row.organization.kind, row.plan);
  return {
    kind: 'credits',
    text,
    required,
    available: balance.available,
    missing: above(required, balance.available),
    monthly: amount === 0n ? null : { at: balance.periodEnd, amount },
  };
}

function above(required: bigint, available: bigint): bigint {
  return required > available ? required - available : 0n;
}
