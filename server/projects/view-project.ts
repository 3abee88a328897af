import 'server-only';
import { z } from 'zod';
import type { ProjectStatus, RunStatus } from '@/prisma/generated/enums';
import { clarifyingQuestionSchema, findingSchema, type Plan, planSchema } from '@/server/agents/schema';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { plannedTask } from '@/server/runs/engine/attempt';
import { ANSWER_KIND } from '@/server/runs/engine/dispatch';
import { takesNotes } from '@/server/runs/engine/notes';
import { viewUnlock } from '@/server/runs/engine/unlock';
import { hasNothingToDo } from '@/server/runs/plan/plan-rows';
import { quoteOf } from '@/server/runs/plan/quote-project';
import { costOf } from './project-costs';
import { verdictCriteria } from './view-timeline';

interface Own {
  organizationId: string;
  projectId: string;
}

/** Everything the project page shows at once. @throws AppError `not_found` */
export async function viewProject({ organizationId, projectId }: Own) {
  const own = { organizationId, projectId };
  const project = await db().project.findFirst({ where: { id: projectId, organizationId } });
  if (project === null) throw notFound('Project');
  const [planRow, documents, tasks, run, last, costs, quote, nothingToDo] = await Promise.all([
    db().planVersion.findUnique({ where: { projectId_version: { projectId, version: project.planVersion } } }),
    db().document.findMany({ where: { projectId }, orderBy: { version: 'asc' } }),
    db().task.findMany({
      where: { projectId },
      orderBy: { position: 'asc' },
      include: { reviews: { orderBy: { createdAt: 'desc' }, take: 1 } },
    }),
    db().run.findFirst({ where: { projectId, kind: { not: ANSWER_KIND } }, orderBy: { startedAt: 'desc' } }),
    db().runEvent.aggregate({ where: { stream: `project:${projectId}` }, _max: { seq: true } }),
    costOf(db(), own),
    quoteOf(db(), own),
    hasNothingToDo(db(), own),
  ]);
  const document = (kind: string) => documents.filter((row) => row.kind === kind).at(-1)?.content ?? null;
  const questions = document('questions');
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
    /** The one total of the plan, README included; while it waits for approval, what approving it may cost. */
    quote: { p50Micro: quote.p50, p90Micro: quote.p90 },
    totals: {
      chargedMicro: costs.charged,
      /** Of attempts whose verdict is still to come. */
      provisionalMicro: costs.provisional,
      absorbedMicro: costs.absorbed,
    },
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
          // What a review said of work that was then left out holds for nothing.
          const said = row.status === 'skipped' ? undefined : verdict.find(({ id }) => id === criterion.id);
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
    actions: actionsFor(project.status, run?.status ?? null, nothingToDo),
    unlock:
      project.status === 'awaiting_credits' && run !== null
        ? await viewUnlock(project, run, costs.charged + costs.provisional)
        : null,
    lastSeq: last._max.seq ?? 0,
  };
}

function actionsFor(status: ProjectStatus, run: RunStatus | null, nothingToDo: boolean) {
  const running = run === 'running' || run === 'queued';
  return {
    canAnswer: status === 'clarifying' && run === 'waiting',
    canEditPlan: status === 'awaiting_approval',
    canApprove: status === 'awaiting_approval' && !nothingToDo,
    canStop: running,
    canPause: running,
    canResume: status === 'paused' || status === 'awaiting_credits' || (status === 'failed' && run !== 'failed'),
    canRefine: status === 'awaiting_refinement',
    canAsk: ['awaiting_approval', 'awaiting_refinement', 'completed', 'failed'].includes(status),
    /** What is written now is a note to the run. */
    takesNotes: takesNotes(status),
    canReplan:
      ['awaiting_approval', 'completed', 'awaiting_refinement'].includes(status) ||
      (status === 'failed' && run === 'failed'),
  };
}
