import 'server-only';
import { z } from 'zod';
import type { Project, Run } from '@/prisma/generated/client';
import { type Plan, type PlannedTask, planSchema } from '@/server/agents/schema';
import { checkCapabilityAccess, qualityNotAllowed } from '@/server/credits/access';
import { resolveModel } from '@/server/models/catalog';
import { demoProjects, demoUnknownAnswer, matchDemoProject } from '@/server/models/demo/catalog';
import { QUALITIES } from '@/server/models/schema';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { rollbackTo } from '@/server/workspace/snapshots';
import { cursorSchema } from './attempt';
import { dispatchRun } from './dispatch';
import { appendEvents, type EventScope } from './event-log';
import { writePlan } from './plan-rows';
import type { RefineChoice } from './schema';
import { writeDocument } from './steps/design';
import { quoteOpenTasks } from './task-quality';
import { moveProject, moveRun, moveTask } from './transitions';

/** Who commands which project; every use case below refuses another organization's with `not_found`. */
export interface Actor {
  organizationId: string;
  userId: string | null;
  projectId: string;
}

async function ownProject(tx: Tx, { organizationId, projectId }: Actor): Promise<Project> {
  const project = await tx.project.findFirst({ where: { id: projectId, organizationId } });
  if (project === null) throw notFound('Project');
  return project;
}

async function latestRun(tx: Tx, { organizationId, projectId }: Actor): Promise<Run> {
  const run = await tx.run.findFirst({ where: { organizationId, projectId }, orderBy: { startedAt: 'desc' } });
  if (run === null) throw notFound('Run');
  return run;
}

const scopeOf = ({ organizationId, projectId }: Actor): EventScope => ({ organizationId, projectId });

/** Writes what a person or the instance says into the chat. */
export async function say(
  tx: Tx,
  scope: EventScope,
  message: { role: 'user' | 'assistant'; text: string; purpose: string; modelLabel?: string },
): Promise<string> {
  const id = newId();
  await tx.message.create({ data: { id, ...scope, ...message } });
  await appendEvents(tx, scope, [
    { type: 'text-start', id, role: message.role, purpose: message.purpose, text: message.text },
    {
      type: 'text-end',
      id,
      text: message.text,
      status: 'final',
      costMicro: '0',
      modelLabel: message.modelLabel ?? null,
    },
  ]);
  return id;
}

export interface CreateProject {
  organizationId: string;
  userId: string | null;
  title?: string | undefined;
  description?: string | undefined;
  /** Slug of an example, instead of a description. */
  example?: string | undefined;
  quality?: string | undefined;
  modelRef?: string | null | undefined;
  budgetMicro?: bigint | null | undefined;
}

/** A new project; its design starts at once. @throws AppError `invalid_input` without a description. */
export async function createProject(input: CreateProject): Promise<string> {
  const example = input.example === undefined ? null : demoProjects().find(({ slug }) => slug === input.example);
  if (example === undefined)
    throw new AppError('invalid_input', `there is no example ${JSON.stringify(input.example)}`);
  const description = (input.description ?? example?.prompt ?? '').trim();
  if (description.length < 3) throw new AppError('invalid_input', 'a project needs a description');
  const quality = QUALITIES.find((id) => id === input.quality) ?? 'fast';
  const model = await resolveModel(
    { organizationId: input.organizationId, quality, capability: 'clarify' },
    input.modelRef ?? null,
  );
  if (input.modelRef != null && model !== input.modelRef)
    throw new AppError('model_not_available', `${input.modelRef} cannot be used at ${quality} quality here`);
  const id = newId();
  const actor: Actor = { organizationId: input.organizationId, userId: input.userId, projectId: id };
  await inTx(async (tx) => {
    await tx.project.create({
      data: {
        id,
        organizationId: input.organizationId,
        createdById: input.userId,
        title: input.title?.trim() || example?.title || '',
        description,
        quality,
        modelRef: input.modelRef ?? null,
        budgetMicro: input.budgetMicro ?? null,
        example: example?.slug ?? null,
      },
    });
    await say(tx, scopeOf(actor), { role: 'user', text: description, purpose: 'description' });
    await beginDesign(tx, actor, model, description);
  });
  return id;
}

/** The demo says plainly what it cannot build, before anything is spent. */
async function beginDesign(tx: Tx, actor: Actor, model: string, description: string): Promise<void> {
  if (model.startsWith('demo:') && matchDemoProject(description) === null) {
    await say(tx, scopeOf(actor), {
      role: 'assistant',
      text: demoUnknownAnswer(),
      purpose: 'clarify',
      modelLabel: 'Demo model (offline)',
    });
    return;
  }
  await moveProject(tx, { ...scopeOf(actor), to: 'clarifying' });
  await startRun(tx, actor, 'design');
}

async function startRun(tx: Tx, actor: Actor, kind: 'design' | 'build'): Promise<string> {
  const project = await ownProject(tx, actor);
  const runId = newId();
  await tx.run.create({
    data: { id: runId, ...scopeOf(actor), kind, planVersion: project.planVersion, createdById: actor.userId },
  });
  await dispatchRun(tx, { id: runId, organizationId: actor.organizationId });
  return runId;
}

async function requeue(tx: Tx, run: Run): Promise<void> {
  await moveRun(tx, { runId: run.id, to: 'queued' });
  await dispatchRun(tx, run);
}

/** A draft's description, said anew. */
export async function describeAgain(actor: Actor, text: string): Promise<void> {
  const current = await db().project.findFirst({
    where: { id: actor.projectId, organizationId: actor.organizationId },
  });
  if (current === null) throw notFound('Project');
  if (current.status !== 'draft') throw new AppError('wrong_status', 'the project is designed already');
  const quality = QUALITIES.find((id) => id === current.quality) ?? 'fast';
  const model = await resolveModel(
    { organizationId: actor.organizationId, quality, capability: 'clarify' },
    current.modelRef,
  );
  await inTx(async (tx) => {
    await tx.project.update({ where: { id: current.id }, data: { description: text } });
    await say(tx, scopeOf(actor), { role: 'user', text, purpose: 'description' });
    await beginDesign(tx, actor, model, text);
  });
}

/** Answers to the clarifying questions; an empty list skips them. */
export async function answerQuestions(actor: Actor, answers: { id: string; answer: string }[]): Promise<void> {
  await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    const run = await latestRun(tx, actor);
    if (project.status !== 'clarifying' || run.kind !== 'design' || run.status !== 'waiting')
      throw new AppError('wrong_status', 'no questions are open');
    const given = answers.filter(({ answer }) => answer.trim() !== '');
    await writeDocument(tx, { scope: scopeOf(actor) }, 'answers', JSON.stringify(given));
    await say(tx, scopeOf(actor), {
      role: 'user',
      purpose: 'answers',
      text:
        given.length === 0
          ? 'Skipped the questions: use your assumptions.'
          : given.map(({ answer }) => `- ${answer}`).join('\n'),
    });
    await requeue(tx, run);
  });
}

/** Saves an edited plan as a new version. @throws AppError `conflict` when somebody saved in between. */
export async function savePlan(actor: Actor, baseVersion: number, plan: Plan): Promise<number> {
  const current = await db().project.findFirst({
    where: { id: actor.projectId, organizationId: actor.organizationId },
  });
  if (current === null) throw notFound('Project');
  const quality = QUALITIES.find((id) => id === current.quality) ?? 'fast';
  const model = await resolveModel(
    { organizationId: actor.organizationId, quality, capability: 'implement' },
    current.modelRef,
  );
  requireSound(plan);
  return inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    if (project.status !== 'awaiting_approval')
      throw new AppError('wrong_status', 'the plan can be edited only before it is approved');
    if (project.planVersion !== baseVersion)
      throw new AppError('conflict', 'the plan was changed in the meantime', {
        userMessage: 'Somebody changed the plan in the meantime. Reload to see it.',
      });
    return writePlan(tx, { scope: scopeOf(actor), plan, author: actor.userId ?? 'user', model, quality });
  });
}

function requireSound(plan: Plan): void {
  const ids = plan.tasks.map(({ id }) => id);
  const criteria = plan.tasks.flatMap((task) => task.criteria.map(({ id }) => id));
  if (new Set(ids).size !== ids.length) throw new AppError('invalid_input', 'two tasks have the same id');
  if (new Set(criteria).size !== criteria.length) throw new AppError('invalid_input', 'two criteria have the same id');
}

/** The explicit approval of one version of the plan. Starts the build. */
export async function approvePlan(actor: Actor, version: number, budgetMicro?: bigint | null): Promise<string> {
  return inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    if (project.planVersion !== version)
      throw new AppError('conflict', 'the plan was changed in the meantime', {
        userMessage: 'The plan was changed in the meantime. Look at it again before you approve.',
      });
    await moveProject(tx, { ...scopeOf(actor), to: 'implementing', from: ['awaiting_approval'] });
    if (budgetMicro !== undefined) await tx.project.update({ where: { id: project.id }, data: { budgetMicro } });
    await tx.planVersion.update({
      where: { projectId_version: { projectId: project.id, version } },
      data: { approvedAt: new Date(), approvedById: actor.userId },
    });
    return startRun(tx, actor, 'build');
  });
}

/** Stop or pause, as a persisted command that the worker honours at the next safe point. */
export async function commandRun(actor: Actor, command: 'stop' | 'pause'): Promise<void> {
  await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    await appendEvents(tx, scopeOf(actor), [
      {
        type: 'data-status',
        status: project.status,
        reason: command === 'stop' ? 'Stopping…' : 'Pausing after this step…',
      },
    ]);
    const { id } = await latestRun(tx, actor);
    const { count } = await tx.run.updateMany({
      where: { id, status: { in: ['running', 'queued'] } },
      data: { command },
    });
    if (count === 0) throw new AppError('wrong_status', 'nothing is running');
    // Queued, perhaps until much later: somebody has to read the command now. Asked after the update, which holds the row.
    const run = await latestRun(tx, actor);
    if (run.status === 'queued') await dispatchRun(tx, run);
  });
}

/** Goes on with the same run after stop, pause, failure, or missing credits. */
export async function resumeRun(actor: Actor): Promise<void> {
  await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    const run = await latestRun(tx, actor);
    if (!['paused', 'awaiting_credits', 'failed'].includes(project.status))
      throw new AppError('wrong_status', 'the project is not paused');
    if (run.status === 'failed')
      throw new AppError('wrong_status', 'the run has ended', {
        userMessage: 'This run has ended. Ask for a change to go on.',
      });
    const to = project.resumeStatus ?? (run.kind === 'design' ? 'planning' : 'implementing');
    await moveProject(tx, { ...scopeOf(actor), to });
    await requeue(tx, run);
  });
}

export interface Refine {
  taskKey: string;
  choice: RefineChoice;
  note?: string | undefined;
  task?: Pick<PlannedTask, 'title' | 'why' | 'criteria' | 'files'> | undefined;
}

/** What the user decides after the last refinement was rejected. */
export async function refineTask(actor: Actor, { taskKey, choice, note, task: edited }: Refine): Promise<void> {
  await inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    const run = await latestRun(tx, actor);
    const task = await tx.task.findFirst({ where: { ...scopeOf(actor), key: taskKey } });
    if (task === null) throw notFound('Task');
    if (project.status !== 'awaiting_refinement' || task.status !== 'rejected')
      throw new AppError('wrong_status', 'this task does not wait for a decision');
    if (note?.trim()) await say(tx, scopeOf(actor), { role: 'user', text: note.trim(), purpose: 'note' });
    if (choice === 'accept') {
      const last = await tx.runStep.findFirst({
        where: { runId: run.id, taskId: task.id, snapshotId: { not: null } },
        orderBy: { startedAt: 'desc' },
      });
      if (!last?.snapshotId)
        throw new AppError('wrong_status', 'no attempt of this task left anything to accept', {
          userMessage: 'No attempt left files that could be accepted. Retry, edit or skip the task.',
        });
      await tx.project.update({ where: { id: project.id }, data: { headSnapshotId: last.snapshotId } });
      await appendEvents(tx, scopeOf(actor), [{ type: 'data-snapshot', snapshotId: last.snapshotId }]);
      await moveTask(tx, scopeOf(actor), task, 'accepted', ['rejected']);
    } else if (choice === 'skip') {
      await moveTask(tx, scopeOf(actor), task, 'skipped', ['rejected']);
    } else {
      if (choice === 'edit') await editTask(tx, actor, project, taskKey, edited);
      await moveTask(tx, scopeOf(actor), task, 'pending', ['rejected']);
      const cursor = cursorSchema.parse(run.cursor);
      await tx.run.update({
        where: { id: run.id },
        data: { cursor: { base: { ...cursor.base, [taskKey]: task.attempts } } },
      });
    }
    await moveProject(tx, { ...scopeOf(actor), to: 'implementing', from: ['awaiting_refinement'] });
    await requeue(tx, run);
  });
}

async function editTask(
  tx: Tx,
  actor: Actor,
  project: Project,
  taskKey: string,
  edited: Refine['task'],
): Promise<void> {
  if (edited === undefined) throw new AppError('invalid_input', 'an edited task is missing');
  const row = await tx.planVersion.findUniqueOrThrow({
    where: { projectId_version: { projectId: project.id, version: project.planVersion } },
  });
  const plan = planSchema.parse(row.plan);
  const next: Plan = {
    ...plan,
    tasks: plan.tasks.map((task) => (task.id === taskKey ? { ...task, ...edited } : task)),
  };
  requireSound(next);
  const quality = QUALITIES.find((id) => id === project.quality) ?? 'fast';
  await writePlan(tx, {
    scope: scopeOf(actor),
    plan: next,
    author: actor.userId ?? 'user',
    model: project.modelRef ?? (await defaultRef(tx, quality)),
    quality,
  });
}

/** Inside a transaction only its client may be asked. */
async function defaultRef(tx: Tx, quality: string): Promise<string> {
  const last = await tx.modelCall.findFirst({
    where: { quality },
    orderBy: { createdAt: 'desc' },
    select: { modelRowId: true },
  });
  return last?.modelRowId ?? 'demo:demo';
}

/** A change to a finished or rejected project: a new plan on the same files. */
export async function replan(actor: Actor, note: string): Promise<void> {
  await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    await say(tx, scopeOf(actor), { role: 'user', text: note, purpose: 'note' });
    await moveProject(tx, {
      ...scopeOf(actor),
      to: 'planning',
      from: ['completed', 'awaiting_approval', 'awaiting_refinement'],
    });
    await tx.run.updateMany({
      where: { projectId: project.id, status: 'waiting' },
      data: { status: 'stopped', reason: 'replaced by a new plan' },
    });
    const runId = newId();
    await tx.run.create({
      data: {
        id: runId,
        ...scopeOf(actor),
        kind: 'design',
        planVersion: project.planVersion,
        createdById: actor.userId,
      },
    });
    // The questions and the specification stand: the new design begins at the plan.
    for (const step of ['clarify', 'spec']) {
      await tx.runStep.create({
        data: {
          id: newId(),
          ...scopeOf(actor),
          runId,
          step,
          status: 'done',
          output: { ok: true, waits: false },
          finishedAt: new Date(),
        },
      });
    }
    await dispatchRun(tx, { id: runId, organizationId: actor.organizationId });
  });
}

export async function setBudget(actor: Actor, budgetMicro: bigint | null): Promise<void> {
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await tx.project.update({ where: { id: actor.projectId }, data: { budgetMicro } });
  });
}

export async function setModel(
  actor: Actor,
  modelRef: string | null,
  quality: (typeof QUALITIES)[number],
): Promise<void> {
  const { organizationId, projectId } = actor;
  const access = await checkCapabilityAccess(db(), { organizationId, capability: 'implement' });
  if (!access.qualities.includes(quality)) throw qualityNotAllowed(quality, access.plan, access.qualities);
  const model = await resolveModel({ organizationId, quality, capability: 'implement' }, modelRef);
  if (modelRef !== null && model !== modelRef)
    throw new AppError('model_not_available', `${modelRef} cannot be used here`);
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await tx.project.update({ where: { id: projectId }, data: { modelRef, quality } });
    await quoteOpenTasks(tx, { organizationId, projectId });
  });
}

export async function renameProject(actor: Actor, title: string): Promise<void> {
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await tx.project.update({ where: { id: actor.projectId }, data: { title } });
  });
}

export async function archiveProject(actor: Actor): Promise<void> {
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await moveProject(tx, { ...scopeOf(actor), to: 'archived' });
  });
}

/** The tree of an earlier snapshot becomes the newest; history stays. Not while a run works on it. */
export async function rollbackProject(actor: Actor, snapshotId: string): Promise<string> {
  return inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${actor.projectId} FOR UPDATE`;
    const project = await ownProject(tx, actor);
    if (['implementing', 'documenting', 'planning', 'clarifying'].includes(project.status))
      throw new AppError('wrong_status', 'a run is at work: pause it first');
    const result = await rollbackTo(tx, { ...scopeOf(actor), headId: project.headSnapshotId, snapshotId });
    await tx.project.update({ where: { id: project.id }, data: { headSnapshotId: result.snapshotId } });
    await appendEvents(tx, scopeOf(actor), [{ type: 'data-snapshot', snapshotId: result.snapshotId }]);
    return result.snapshotId;
  });
}

export const answersSchema = z.array(z.object({ id: z.string().max(40), answer: z.string().max(1000) })).max(10);
