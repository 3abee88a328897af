import 'server-only';
import { z } from 'zod';
import type { ModelCall, RunStep } from '@/prisma/generated/client';
import { findingSchema } from '@/server/agents/schema';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';

interface Own {
  organizationId: string;
  projectId: string;
}

/** Steps of one page. */
const PAGE = 200;

export const verdictCriteria = z.array(z.object({ id: z.string(), met: z.boolean(), evidence: z.string() }));

const noted = z.object({ note: z.string() });

/** What a step says about its result: how the blocks of an answer ended. */
function noteOf(output: unknown): string | null {
  return noted.safeParse(output).data?.note ?? null;
}

/**
 * One page of the steps of a project's runs with their checks and reviews, oldest first, and with what each step cost.
 * @param before id of a step: the page that ends before it; null: the newest page.
 * @throws AppError `not_found`
 */
export async function viewTimeline(own: Own, before: string | null = null) {
  const { organizationId, projectId } = own;
  const where = { organizationId, projectId };
  if ((await db().project.count({ where: { id: projectId, organizationId } })) === 0) throw notFound('Project');
  const end = before === null ? null : await db().runStep.findFirst({ where: { ...where, id: before } });
  if (end === null && before !== null) throw notFound('Step');
  const newestFirst = await db().runStep.findMany({
    where,
    orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
    take: PAGE + 1,
    ...(end === null ? {} : { cursor: { id: end.id }, skip: 1 }),
  });
  const hasEarlier = newestFirst.length > PAGE;
  const steps = newestFirst.slice(0, PAGE).reverse();
  // What a step made was written between its start and the next step's.
  const from = hasEarlier ? steps[0]?.startedAt : undefined;
  const createdAt = { ...(from === undefined ? {} : { gte: from }), ...(end === null ? {} : { lt: end.startedAt }) };
  const [checks, reviews, tasks, costed] = await Promise.all([
    db().checkResult.findMany({ where: { ...where, createdAt }, orderBy: { createdAt: 'asc' } }),
    db().review.findMany({ where: { ...where, createdAt }, orderBy: { createdAt: 'asc' } }),
    db().task.findMany({ where, select: { id: true, key: true, title: true } }),
    costedSteps(own, steps),
  ]);
  const taskOf = (id: string | null) => tasks.find((task) => task.id === id);
  return {
    /** Id of the step that an earlier page ends before; null: there is none. */
    nextCursor: hasEarlier ? (steps[0]?.id ?? null) : null,
    steps: costed.map(({ step, ...costs }) => ({
      id: step.id,
      step: step.step.split(':')[0] ?? step.step,
      taskKey: taskOf(step.taskId)?.key ?? null,
      taskTitle: taskOf(step.taskId)?.title ?? null,
      attempt: step.attempt,
      status: step.status,
      startedAt: step.startedAt,
      finishedAt: step.finishedAt,
      ...costs,
      errorMessage: step.errorMessage,
      snapshotId: step.snapshotId,
      note: noteOf(step.output),
    })),
    checks: checks.map((check) => ({ ...check, taskKey: taskOf(check.taskId)?.key ?? null })),
    reviews: reviews.map((review) => ({
      taskKey: taskOf(review.taskId)?.key ?? null,
      attempt: review.attempt,
      status: review.status,
      modelStatus: review.modelStatus,
      decidedBy: review.decidedBy,
      criteria: verdictCriteria.parse(review.criteria),
      findings: z.array(findingSchema).parse(review.findings),
      createdAt: review.createdAt,
    })),
  };
}

/** Each step with the model it called last and what its calls cost, micro-credits. */
async function costedSteps({ organizationId, projectId }: Own, steps: readonly RunStep[]) {
  const where = { organizationId, projectId };
  const calls = await db().modelCall.findMany({
    where: { ...where, stepId: { in: steps.map(({ id }) => id) } },
    orderBy: { createdAt: 'asc' },
  });
  const [entries, budgeted] = await Promise.all([
    db().creditEntry.findMany({
      where: { ...where, modelCallId: { in: calls.map(({ id }) => id) }, kind: { in: ['usage', 'usage_refund'] } },
      select: { kind: true, amount: true, modelCallId: true, estimated: true, balanceAfter: true, userId: true },
      orderBy: { seq: 'asc' },
    }),
    db().membership.findMany({
      where: { organizationId, monthlyBudgetMicro: { not: null } },
      select: { userId: true },
    }),
  ]);
  const callsOf = Map.groupBy(calls, ({ stepId }: ModelCall) => stepId);
  const entriesOf = Map.groupBy(entries, ({ modelCallId }) => modelCallId);
  return steps.map((step) => {
    const own = callsOf.get(step.id) ?? [];
    const booked = own.flatMap(({ id }) => entriesOf.get(id) ?? []);
    const usage = booked.filter(({ kind }) => kind === 'usage');
    const absorbedMicro = booked.reduce((sum, { kind, amount }) => (kind === 'usage_refund' ? sum + amount : sum), 0n);
    const last = usage.at(-1);
    return {
      step,
      modelLabel: own.at(-1)?.modelLabel ?? null,
      quotedMicro: own.length === 0 ? null : usage.reduce((sum, { estimated }) => sum + (estimated ?? 0n), 0n),
      chargedMicro: own.reduce((sum, call) => sum + call.chargedMicro, 0n) - absorbedMicro,
      absorbedMicro,
      /** Left after its last call; null when it called no model, and of a payer whose budget leaves another amount. */
      balanceMicro:
        last === undefined || budgeted.some(({ userId }) => userId === last.userId) ? null : last.balanceAfter,
    };
  });
}
