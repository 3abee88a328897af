import 'server-only';
import type { Project, Run } from '@/prisma/generated/client';
import { type Plan, planSchema } from '@/server/agents/schema';
import { chooseModel } from '@/server/models/catalogue/catalogue';
import { reclaimOpenCalls } from '@/server/models/gateway/reclaim-calls';
import type { Capability, Quality } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { appendEvents, type EventScope } from '@/server/runs/stream/event-log';
import { payerOf } from './actor';
import { closeOrphanMessages } from './close-orphan-messages';
import { dispatchRun } from './dispatch';
import { guardLease } from './guard-lease';
import { indexBeside, indexingDone } from './index-head';
import { beginStep, type StepContext } from './journal';
import { giveLease, holdLease, type Lease, takeLease } from './lease';
import { type JournalLine, type Next, nextBuildStep, nextDesignStep, type TaskState } from './next-step';
import { capabilityOfStep, moveOffModel, tellNewDefault } from './replace-model';
import { SnapshotFiles } from './snapshot-files';
import { type Advanced, handleFailure, honourCommand } from './step-failure';
import { clarifyStep, planStep, specStep } from './steps/design';
import { completeStep, documentStep, finalCheckStep } from './steps/finish';
import { applyStep, implementStep, reapplyStep, repairStep } from './steps/implement';
import { checkStep, reviewStep } from './steps/verify';
import { moveRun } from './transitions';

const STEPS: Record<string, (ctx: StepContext) => Promise<void>> = {
  clarify: clarifyStep,
  spec: specStep,
  plan: planStep,
  implement: implementStep,
  apply: applyStep,
  repair: repairStep,
  reapply: reapplyStep,
  check: checkStep,
  review: reviewStep,
  document: documentStep,
  'final-check': finalCheckStep,
  complete: completeStep,
};

/** Steps that call no model need none to be usable. */
const WITHOUT_MODEL: ReadonlySet<string> = new Set(['apply', 'reapply', 'check', 'final-check', 'complete']);

export interface AdvanceOptions {
  /** Who takes the lease: unique per process start. */
  owner: string;
  /** The worker is closing: finish the step at hand, or stop it at the next safe point. */
  signal?: AbortSignal | undefined;
}

/** Carries a run forward step by step until it rests or waits. */
export async function advanceRun(runId: string, { owner, signal }: AdvanceOptions): Promise<Advanced> {
  const lease = await takeLease(runId, owner);
  if (lease === null) return 'elsewhere';
  const session: Session = { lease, abort: new AbortController(), plan: null, files: new SnapshotFiles() };
  const endGuard = guardLease(session);
  try {
    await reclaimOpenCalls({ runId, createdBefore: new Date(now().getTime() + 60_000) });
    await closeOrphanMessages({ runId });
    while (!signal?.aborted) {
      const outcome = await advanceOnce(session);
      if (outcome !== 'done') return outcome;
    }
    await handOver(lease);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'lease_lost') throw error;
    logger().warn({ runId }, 'the lease was lost; another worker goes on');
  } finally {
    endGuard();
    await giveLease(db(), lease);
    await indexingDone();
  }
  return 'rests';
}

/** The worker is closing in the middle of a run: the next worker goes on at once. */
async function handOver(lease: Lease): Promise<void> {
  await inTx(async (tx) => {
    await holdLease(tx, lease);
    const run = await tx.run.findUniqueOrThrow({ where: { id: lease.runId } });
    await giveLease(tx, lease);
    if (run.status === 'running' || run.status === 'queued') await dispatchRun(tx, run);
  });
}

/** What lasts as long as the lease. */
interface Session {
  lease: Lease;
  abort: AbortController;
  /** The plan's version that was read last: versions never change. */
  plan: { version: number; plan: Plan } | null;
  files: SnapshotFiles;
}

type RunAndProject = Run & { project: Project };

async function advanceOnce(session: Session): Promise<'done' | Advanced> {
  const { lease } = session;
  const run = await db().run.findUniqueOrThrow({ where: { id: lease.runId }, include: { project: true } });
  const scope: EventScope = { organizationId: run.organizationId, projectId: run.projectId };
  if (run.command !== null) {
    await honourCommand(lease, run, scope);
    return 'rests';
  }
  if (run.status === 'queued') await takeUp(run, scope);
  else if (run.status !== 'running') return 'rests';
  const next = await nextStep(run, run.project);
  if (next.kind !== 'step') {
    if (next.kind === 'wait') await inTx((tx) => moveRun(tx, { runId: run.id, to: 'waiting', from: ['running'] }));
    return 'rests';
  }
  return runStep(session, run, scope, next);
}

/** From the queue: whatever the run waited for is no longer the reason of anything. */
async function takeUp({ id, project }: RunAndProject, scope: EventScope): Promise<void> {
  await inTx(async (tx) => {
    if (project.statusReason !== null) {
      await appendEvents(tx, scope, [{ type: 'data-status', status: project.status, reason: null }]);
      await tx.project.update({ where: { id: project.id }, data: { statusReason: null } });
    }
    await moveRun(tx, { runId: id, to: 'running', from: ['queued'] });
  });
}

type NextStep = Extract<Next, { kind: 'step' }> & { quality: Quality | null };

interface Facts {
  journal: JournalLine[];
  tasks: (TaskState & { quality: Quality | null })[];
  answered: boolean;
}

/** What comes next, with the quality its task has of its own. */
async function nextStep(run: Run, project: Project): Promise<NextStep | Exclude<Next, { kind: 'step' }>> {
  // Only what decides: an implementer's output holds its whole answer.
  const [facts] = await db().$queryRaw<Facts[]>`
    SELECT
      ARRAY(SELECT json_build_object('step', "step", 'attempt', "attempt", 'status', "status", 'output', json_strip_nulls(
          json_build_object('ok', ("output"->>'ok')::boolean, 'waits', ("output"->>'waits')::boolean)))
        FROM "RunStep" WHERE "runId" = ${run.id}) AS journal,
      ARRAY(SELECT json_build_object('id', "id", 'key', "key", 'position', "position", 'status', "status", 'attempts', "attempts",
          'quality', "quality")
        FROM "Task" WHERE "projectId" = ${project.id}) AS tasks,
      EXISTS (SELECT 1 FROM "Document" WHERE "projectId" = ${project.id} AND "kind" = 'answers') AS answered`;
  if (facts === undefined) throw new Error('the journal was not read');
  const { journal, tasks, answered } = facts;
  if (run.kind === 'design') {
    const next = nextDesignStep(journal, answered);
    return next.kind === 'step' ? { ...next, quality: null } : next;
  }
  const next = nextBuildStep(journal, tasks);
  if (next.kind !== 'step') return next;
  return { ...next, quality: tasks.find(({ id }) => id === next.taskId)?.quality ?? null };
}

async function runStep(
  session: Session,
  run: RunAndProject,
  scope: EventScope,
  next: NextStep,
): Promise<'done' | Advanced> {
  const { lease, abort } = session;
  const { project } = run;
  const name = next.step.split(':')[0] ?? '';
  const execute = STEPS[name];
  if (execute === undefined) throw new Error(`unknown step ${next.step}`);
  const quality = qualityOf(project, next.quality);
  const step = await beginStep(scope, lease, next);
  try {
    const models = WITHOUT_MODEL.has(name)
      ? { model: '', fallbacks: [] }
      : await modelFor(scope, project, { quality, capability: capabilityOfStep(name) });
    const plan = await planOf(session, project);
    await execute({
      scope,
      run,
      project,
      plan,
      files: session.files,
      step,
      lease,
      signal: abort.signal,
      quality,
      ...models,
    });
    if (name === 'review' || name === 'document') indexBeside(scope, payerOf(run));
    return 'done';
  } catch (error) {
    return handleFailure({ scope, run, step, lease, aborted: abort.signal.aborted }, error);
  }
}

/** A task's own quality before its project's. */
function qualityOf(project: Project, own: Quality | null): Quality {
  return own ?? project.quality;
}

/** The model of a step and those to fall back on; a project whose model was withdrawn moves on, and says so. */
async function modelFor(scope: EventScope, project: Project, use: { quality: Quality; capability: Capability }) {
  const choice = await chooseModel({ organizationId: scope.organizationId, ...use }, project.modelRef);
  // A task of another quality is no reason to give up the model that the project uses at its own.
  const leaves = choice.replaced?.reason === 'deprecated' || use.quality === qualityOf(project, null);
  if (choice.replaced !== null && project.modelRef === null) await tellNewDefault(scope, choice.replaced);
  else if (choice.replaced !== null && project.modelRef !== null && leaves)
    await moveOffModel(scope, choice.replaced, { from: project.modelRef, to: choice.ref });
  return { model: choice.ref, fallbacks: choice.fallbacks };
}

async function planOf(session: Session, { id, planVersion }: Project): Promise<Plan | null> {
  if (planVersion === 0) return null;
  if (session.plan?.version === planVersion) return session.plan.plan;
  const row = await db().planVersion.findUniqueOrThrow({
    where: { projectId_version: { projectId: id, version: planVersion } },
  });
  session.plan = { version: planVersion, plan: planSchema.parse(row.plan) };
  return session.plan.plan;
}
