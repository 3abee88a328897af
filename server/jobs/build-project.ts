import 'server-only';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { onboardUser } from '@/server/credits/ledger/onboard-user';
import { formatCredits } from '@/server/credits/schema';
import { syncEnvironmentModels } from '@/server/models/catalogue/catalogue';
import type { Quality } from '@/server/models/schema';
import { bootDatabase } from '@/server/platform/boot';
import { db } from '@/server/platform/db';
import { isEmbedded } from '@/server/platform/env';
import { AppError, isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { startQueue } from '@/server/platform/queue';
import { buildArchive } from '@/server/projects/build-archive';
import { createProject } from '@/server/projects/create-project';
import { setBudget } from '@/server/projects/project-settings';
import { viewProject } from '@/server/projects/view-project';
import { answerQuestions } from '@/server/runs/chat/answer-questions';
import { resumeRun } from '@/server/runs/engine/command-run';
import { ANSWER_KIND } from '@/server/runs/engine/dispatch';
import { advanceRun } from '@/server/runs/engine/engine';
import { refineTask } from '@/server/runs/engine/refine-task';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { tailEvents } from '@/server/runs/stream/resume-stream';
import { RUN_LIMITS } from '@/server/runs/stream/run-limits';
import { writeProject } from '@/server/workspace/checks/run-checks';
import { readFiles } from '@/server/workspace/snapshots';
import { reclaimAll } from './reclaim';

export interface BuildOptions {
  description: string | null;
  example: string | null;
  /** Goes on with an earlier project instead. */
  resume: string | null;
  out: string;
  model: string | null;
  budgetMicro: bigint | null;
  /** The ZIP without a folder at the top. */
  flat: boolean;
  /** Decides each task that was rejected to the end, once; null: the person is asked. */
  onReject: RejectChoice | null;
  /** Asked with the quote; false ends the build before anything of it is spent. */
  confirm(question: string): Promise<boolean>;
  /** Asked about a task that was rejected to the end; null when there is nobody to ask. */
  decide(question: string): Promise<RejectChoice | null>;
  print(line: string): void;
}

/** What can be done about a rejected task without a screen. */
export const REJECT_CHOICES = ['retry', 'accept', 'skip'] as const;
export type RejectChoice = (typeof REJECT_CHOICES)[number];

export interface BuildOutcome {
  kind: 'completed' | 'paused' | 'failed';
  projectId: string;
  reason: string | null;
  /** The argument without which resuming would only pause again. */
  needs?: '--on-reject CHOICE' | '--budget CREDITS' | undefined;
}

/** The local person the command line acts for. */
const LOCAL_EMAIL = 'local@plumbline.invalid';
const LOCAL_PLAN = 'team';

/** A model is used at the level it belongs to. */
async function tierOf(modelRef: string | null): Promise<Quality> {
  const row = modelRef === null ? null : await db().llmModel.findUnique({ where: { id: modelRef } });
  return row?.tier ?? 'fast';
}

/** The main job in one process: the same engine as behind the screens. */
export async function buildProjectLocally(options: BuildOptions): Promise<BuildOutcome> {
  await bootDatabase();
  await syncEnvironmentModels(db());
  await startQueue();
  if (isEmbedded()) await reclaimAll({ enqueueRuns: false });
  const user = await db().user.upsert({
    where: { email: LOCAL_EMAIL },
    create: { id: newId(), email: LOCAL_EMAIL, name: 'Command line' },
    update: {},
  });
  // The person who runs the command owns the instance: every quality is theirs.
  const organizationId = await onboardUser({ id: user.id, email: user.email, name: user.name }, LOCAL_PLAN);
  const projectId =
    options.resume ??
    (await createProject({
      organizationId,
      userId: user.id,
      description: options.description ?? undefined,
      example: options.example ?? undefined,
      modelRef: options.model,
      quality: await tierOf(options.model),
      budgetMicro: options.budgetMicro,
    }));
  const actor = { organizationId, userId: user.id, projectId };
  options.print(`Project ${projectId}`);
  const end = new AbortController();
  const progress = showProgress(
    actor,
    options,
    options.resume === null ? 0 : (await viewProject(actor)).lastSeq,
    end.signal,
  );
  try {
    if (options.resume !== null) await takeUp(actor, options);
    return await drive(actor, options);
  } finally {
    end.abort();
    await progress;
  }
}

type Actor = { organizationId: string; userId: string; projectId: string };

/** Goes on with an earlier project; a new budget counts from now on. */
async function takeUp(actor: Actor, { budgetMicro }: BuildOptions): Promise<void> {
  const { actions } = await viewProject(actor);
  if (budgetMicro !== null) await setBudget(actor, budgetMicro);
  if (actions.canResume) await resumeRun(actor);
}

async function drive(actor: Actor, options: BuildOptions): Promise<BuildOutcome> {
  const decided = new Set<string>();
  for (;;) {
    const run = await db().run.findFirst({
      where: { projectId: actor.projectId, kind: { not: ANSWER_KIND } },
      orderBy: { startedAt: 'desc' },
    });
    if (run?.status === 'queued' || run?.status === 'running') {
      const advanced = await advanceRun(run.id, { owner: `cli-${process.pid}` });
      // Held by another process (with a native database): look again when its lease may have passed.
      if (advanced === 'elsewhere') await delay(RUN_LIMITS.reclaimMs);
      else if (advanced !== 'rests') await waitUntil(actor, advanced.at, options);
      continue;
    }
    const view = await viewProject(actor);
    const outcome = view.actions.canRefine
      ? await decideRejected(actor, view, options, decided)
      : view.actions.canAnswer || view.actions.canApprove
        ? await decideForUser(actor, view, options)
        : await outcomeOf(actor, view, options);
    if (outcome !== null) return outcome;
  }
}

/**
 * A task was rejected to the end: what the option says, once a task, then what the person says.
 * @returns null when the run goes on
 */
async function decideRejected(
  actor: Actor,
  view: View,
  options: BuildOptions,
  decided: Set<string>,
): Promise<BuildOutcome | null> {
  const task = view.tasks.find(({ status }) => status === 'rejected');
  if (task === undefined) throw new Error('no task waits for a decision');
  options.print(`\n${task.key} ${task.title} was not approved. Nothing was charged for it.`);
  for (const { problem, fix } of task.findings) options.print(`  ${problem}${fix === '' ? '' : `\n    Fix: ${fix}`}`);
  const isFirst = decided.size === 0;
  const given = decided.has(task.key) ? null : options.onReject;
  decided.add(task.key);
  const choice = given ?? (await options.decide(`${task.key}: retry, accept as it is (costs nothing), or skip?`));
  const waits = { kind: 'paused', projectId: actor.projectId, needs: '--on-reject CHOICE' } as const;
  if (choice === null) {
    const userMessage = `${task.key} waits for your decision: add --on-reject retry, accept or skip.`;
    // The same command again would only end here again.
    if (options.resume !== null && isFirst)
      throw new AppError('invalid_input', 'no decision was given', { userMessage });
    return { ...waits, reason: userMessage };
  }
  try {
    await refineTask(actor, { taskKey: task.key, choice });
  } catch (error) {
    if (!isAppError(error) || error.code !== 'wrong_status') throw error;
    return { ...waits, reason: error.userMessage };
  }
  options.print(`  ${task.key}: ${choice}`);
  return null;
}

async function waitUntil(actor: Actor, at: Date, { print }: BuildOptions): Promise<void> {
  const { project } = await viewProject(actor);
  print(`  ${project.statusReason ?? ''}`);
  await delay(Math.max(0, at.getTime() - Date.now()));
}

type View = Awaited<ReturnType<typeof viewProject>>;

/** Questions are skipped, the plan is approved by the person. @returns null when the run goes on. */
async function decideForUser(actor: Actor, view: View, options: BuildOptions): Promise<BuildOutcome | null> {
  if (view.actions.canAnswer) {
    for (const { question, assumed } of view.questions?.items ?? [])
      options.print(`? ${question}\n  assumed: ${assumed}`);
    await answerQuestions(actor, []);
    return null;
  }
  printQuote(view, options);
  if (!(await options.confirm('Approve this plan?'))) {
    return {
      kind: 'paused',
      projectId: actor.projectId,
      reason: 'The plan was not approved. Nothing of the build was spent.',
    };
  }
  await approvePlan(actor, view.planVersion, options.budgetMicro ?? undefined, view.quote.p90Micro);
  return null;
}

async function outcomeOf(actor: Actor, view: View, options: BuildOptions): Promise<BuildOutcome> {
  const { projectId } = actor;
  const { status, statusReason } = view.project;
  if (status === 'completed') {
    await writeResult(actor, options);
    return { kind: 'completed', projectId, reason: null };
  }
  if (status === 'draft') {
    const answer = await db().message.findFirst({ where: { projectId, role: 'assistant' }, orderBy: { seq: 'desc' } });
    return { kind: 'failed', projectId, reason: answer?.text ?? 'The project was not designed.' };
  }
  const reason = statusReason ?? `The project is ${status.replaceAll('_', ' ')}.`;
  const needs = view.unlock?.kind === 'budget' && view.unlock.missing > 0n ? '--budget CREDITS' : undefined;
  return { kind: status === 'failed' ? 'failed' : 'paused', projectId, reason, needs };
}

function printQuote(view: View, { print }: BuildOptions): void {
  print(`\nPlan: ${view.plan?.summary ?? ''}`);
  for (const task of view.tasks.filter(({ status }) => status === 'pending' || status === 'rejected'))
    print(
      `  ${task.key.padEnd(4)} ${task.title.padEnd(52).slice(0, 52)} ${formatCredits(task.quoteP50Micro).padStart(8)} to ${formatCredits(task.quoteP90Micro).padStart(8)} credits`,
    );
  const { p50Micro, p90Micro } = view.quote;
  print(`  Quote, README included: ${formatCredits(p50Micro)} likely, ${formatCredits(p90Micro)} at most\n`);
}

async function showProgress(
  actor: Actor,
  { print }: BuildOptions,
  afterSeq: number,
  signal: AbortSignal,
): Promise<void> {
  for await (const { payload } of tailEvents({
    organizationId: actor.organizationId,
    projectId: actor.projectId,
    afterSeq,
    signal,
  })) {
    if (payload.type === 'data-step' && payload.state !== 'started')
      print(
        `  ${payload.step}${payload.attempt > 1 ? ` (attempt ${payload.attempt})` : ''}: ${payload.state}${payload.note ? `, ${payload.note}` : ''}`,
      );
    else if (payload.type === 'data-review') print(`  ${payload.taskKey} ${payload.status.toLowerCase()}`);
    // Told with the verdict: until then charges are provisional.
    else if (payload.type === 'data-cost')
      print(
        `  ${payload.taskKey ?? ''} charged ${formatCredits(BigInt(payload.chargedMicro))}, absorbed ${formatCredits(BigInt(payload.absorbedMicro))}`,
      );
  }
}

/** The project, its ZIP and the receipt. */
async function writeResult(actor: Actor, { out, flat, print }: BuildOptions): Promise<void> {
  const { organizationId, projectId } = actor;
  const archive = await buildArchive({ organizationId, projectId, snapshotId: null, flat });
  const folder = join(out, archive.filename.replace(/\.zip$/, ''));
  await mkdir(folder, { recursive: true });
  await writeProject(folder, await readFiles(db(), { organizationId, snapshotId: archive.manifest.snapshot.id }));
  await pipeline(await archive.open(), createWriteStream(join(out, archive.filename)));
  const entries = await db().creditEntry.findMany({ where: { projectId }, orderBy: { seq: 'asc' } });
  const calls = await db().modelCall.findMany({ where: { projectId }, orderBy: { createdAt: 'asc' } });
  const receipt = { manifest: archive.manifest, entries, calls };
  await writeFile(
    join(out, 'receipt.json'),
    `${JSON.stringify(receipt, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`,
  );
  const { cost, tasks } = archive.manifest;
  const [charged, absorbed] = [cost.chargedMicro, cost.absorbedMicro].map((micro) => formatCredits(BigInt(micro)));
  const skipped = tasks.skipped === 0 ? '' : `, ${tasks.skipped} skipped`;
  print(`\nCompleted: ${tasks.done} of ${tasks.total} tasks done${skipped}`);
  print(`  charged ${charged} credits, absorbed ${absorbed}`);
  print(`  ${folder}\n  ${join(out, archive.filename)}\n  ${join(out, 'receipt.json')}`);
}
