import 'server-only';
import { z } from 'zod';
import { clarifyingQuestionSchema, findingSchema, type Plan, planSchema } from '@/server/agents/schema';
import { db } from '@/server/platform/db';
import { isAppError, notFound } from '@/server/platform/errors';
import { plannedTask } from '@/server/runs/engine/attempt';
import { projectCharged } from '@/server/runs/engine/call';
import { viewUnlock } from '@/server/runs/engine/unlock';
import { quoteApproval } from '@/server/runs/plan/quote-project';

interface Own {
  organizationId: string;
  projectId: string;
}

const verdictCriteria = z.array(z.object({ id: z.string(), met: z.boolean(), evidence: z.string() }));

/** Everything the project page shows at once. @throws AppError `not_found` */
export async function viewProject({ organizationId, projectId }: Own) {
  const project = await db().project.findFirst({ where: { id: projectId, organizationId } });
  if (project === null) throw notFound('Project');
  const [planRow, documents, tasks, run, last, charged] = await Promise.all([
    db().planVersion.findUnique({ where: { projectId_version: { projectId, version: project.planVersion } } }),
    db().document.findMany({ where: { projectId }, orderBy: { version: 'asc' } }),
    db().task.findMany({
      where: { projectId },
      orderBy: { position: 'asc' },
      include: { reviews: { orderBy: { createdAt: 'desc' }, take: 1 } },
    }),
    db().run.findFirst({ where: { projectId }, orderBy: { startedAt: 'desc' } }),
    db().runEvent.aggregate({ where: { stream: `project:${projectId}` }, _max: { seq: true } }),
    projectCharged(projectId),
  ]);
  const document = (kind: string) => documents.filter((row) => row.kind === kind).at(-1)?.content ?? null;
  const questions = document('questions');
  const absorbed = await db().creditEntry.aggregate({
    where: { projectId, kind: 'usage_refund' },
    _sum: { amount: true },
  });
  const plan: Plan | null = planRow === null ? null : planSchema.parse(planRow.plan);
  return {
    project: {
      id: project.id,
      title: project.title || project.description.slice(0, 60),
      description: project.description,
      status: project.status,
      statusReason: project.statusReason,
      quality: project.quality,
      modelRef: project.modelRef,
      budgetMicro: project.budgetMicro,
      planVersion: project.planVersion,
      headSnapshotId: project.headSnapshotId,
      example: project.example,
      createdAt: project.createdAt,
      updatedAt: project.updatedAt,
    },
    plan,
    planVersion: project.planVersion,
    planApprovedAt: planRow?.approvedAt ?? null,
    /** What approving the plan may cost; null when there is nothing to approve. */
    approval: project.status === 'awaiting_approval' ? await approvalQuote({ organizationId, projectId }) : null,
    quote: {
      p50Micro: tasks.reduce((sum, row) => sum + row.quoteP50Micro, 0n),
      p90Micro: tasks.reduce((sum, row) => sum + row.quoteP90Micro, 0n),
    },
    totals: { chargedMicro: charged, absorbedMicro: absorbed._sum.amount ?? 0n },
    questions:
      questions === null
        ? null
        : {
            items: z.array(clarifyingQuestionSchema).parse(JSON.parse(questions)),
            answered: document('answers') !== null,
          },
    spec: document('spec'),
    readme: document('readme'),
    tasks: tasks.map((row) => {
      const [review] = row.reviews;
      const verdict = review === undefined ? [] : verdictCriteria.parse(review.criteria);
      const task = plannedTask(row);
      return {
        id: row.id,
        key: row.key,
        position: row.position,
        title: row.title,
        why: row.why,
        size: task.size,
        files: task.files,
        criteria: task.criteria.map((criterion) => {
          const said = verdict.find(({ id }) => id === criterion.id);
          return { ...criterion, met: said?.met ?? null, evidence: said?.evidence ?? '' };
        }),
        dependsOn: task.dependsOn,
        status: row.status,
        attempts: row.attempts,
        /** Its own; null: the project's. */
        quality: row.quality,
        quoteP50Micro: row.quoteP50Micro,
        quoteP90Micro: row.quoteP90Micro,
        chargedMicro: row.chargedMicro,
        absorbedMicro: row.absorbedMicro,
        findings: review === undefined ? [] : z.array(findingSchema).parse(review.findings),
        reviewStatus: review?.status ?? null,
      };
    }),
    run:
      run === null
        ? null
        : {
            id: run.id,
            kind: run.kind,
            status: run.status,
            reason: run.reason,
            startedAt: run.startedAt,
            finishedAt: run.finishedAt,
          },
    actions: actionsFor(project.status, run?.status ?? null),
    unlock: project.status === 'awaiting_credits' && run !== null ? await viewUnlock(project, run, charged) : null,
    lastSeq: last._max.seq ?? 0,
  };
}

/** Null also where there is no model to quote by, or none the plan may use: approving says why. */
async function approvalQuote(own: Own) {
  try {
    return await quoteApproval(db(), own);
  } catch (error) {
    if (isAppError(error)) return null;
    throw error;
  }
}

function actionsFor(status: string, run: string | null) {
  const running = run === 'running' || run === 'queued';
  return {
    canAnswer: status === 'clarifying' && run === 'waiting',
    canEditPlan: status === 'awaiting_approval',
    canApprove: status === 'awaiting_approval',
    canStop: running,
    canPause: running,
    canResume: status === 'paused' || status === 'awaiting_credits' || (status === 'failed' && run !== 'failed'),
    canRefine: status === 'awaiting_refinement',
    canAsk: ['awaiting_approval', 'awaiting_refinement', 'awaiting_credits', 'paused', 'completed', 'failed'].includes(
      status,
    ),
    canReplan: ['awaiting_approval', 'completed', 'awaiting_refinement'].includes(status),
  };
}

/** Steps, checks and reviews of a project's runs, oldest first, with what each step cost. */
export async function viewTimeline({ organizationId, projectId }: Own) {
  const where = { organizationId, projectId };
  if ((await db().project.count({ where: { id: projectId, organizationId } })) === 0) throw notFound('Project');
  const [steps, checks, reviews, calls, tasks] = await Promise.all([
    db().runStep.findMany({ where, orderBy: { startedAt: 'asc' }, take: 500 }),
    db().checkResult.findMany({ where, orderBy: { createdAt: 'asc' }, take: 500 }),
    db().review.findMany({ where, orderBy: { createdAt: 'asc' }, take: 200 }),
    db().modelCall.findMany({ where, orderBy: { createdAt: 'asc' }, take: 1000 }),
    db().task.findMany({ where, select: { id: true, key: true, title: true } }),
  ]);
  const refunds = await db().creditEntry.findMany({
    where: { projectId, kind: 'usage_refund' },
    select: { modelCallId: true, amount: true },
  });
  const quoted = await db().creditEntry.findMany({
    where: { projectId, kind: 'usage' },
    select: { modelCallId: true, estimated: true, balanceAfter: true, userId: true },
    orderBy: { seq: 'asc' },
  });
  const budgeted = await db().membership.findMany({
    where: { organizationId, monthlyBudgetMicro: { not: null } },
    select: { userId: true },
  });
  const taskOf = (id: string | null) => tasks.find((task) => task.id === id);
  return {
    steps: steps.map((step) => {
      const own = calls.filter((call) => call.stepId === step.id);
      const ids = new Set(own.map(({ id }) => id));
      const charged = own.reduce((sum, call) => sum + call.chargedMicro, 0n);
      const last = quoted.findLast(({ modelCallId }) => ids.has(modelCallId ?? ''));
      const absorbed = refunds
        .filter(({ modelCallId }) => ids.has(modelCallId ?? ''))
        .reduce((sum, { amount }) => sum + amount, 0n);
      return {
        id: step.id,
        step: step.step.split(':')[0] ?? step.step,
        taskKey: taskOf(step.taskId)?.key ?? null,
        taskTitle: taskOf(step.taskId)?.title ?? null,
        attempt: step.attempt,
        status: step.status,
        startedAt: step.startedAt,
        finishedAt: step.finishedAt,
        modelLabel: own.at(-1)?.modelLabel ?? null,
        quotedMicro:
          own.length === 0
            ? null
            : quoted
                .filter(({ modelCallId }) => ids.has(modelCallId ?? ''))
                .reduce((sum, { estimated }) => sum + (estimated ?? 0n), 0n),
        chargedMicro: charged - absorbed,
        absorbedMicro: absorbed,
        /** Micro-credits left after its last call; null when it called no model, and of a payer whose budget leaves another amount. */
        balanceMicro:
          last === undefined || budgeted.some(({ userId }) => userId === last.userId) ? null : last.balanceAfter,
        errorMessage: step.errorMessage,
        snapshotId: step.snapshotId,
        note: null as string | null,
      };
    }),
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
