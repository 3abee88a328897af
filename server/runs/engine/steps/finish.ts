import 'server-only';
import { documentPrompt } from '@/server/agents/prompts/document';
import { estimateTokens } from '@/server/models/pricing';
import { db, inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { callStreaming } from '@/server/runs/engine/call';
import { finishStep, type StepContext } from '@/server/runs/engine/journal';
import { moveProject, moveRun } from '@/server/runs/engine/transitions';
import type { EventPayload } from '@/server/runs/stream/schema';
import { saveCheckResults } from '@/server/workspace/checks/run-checks';
import { createSnapshot } from '@/server/workspace/snapshots';
import { latestDocument, writeDocument } from './design';
import { executeChecks, summary } from './verify';

/** Tokens of file text the README's author reads. */
const FILE_TOKENS = 20_000;

/** Where the README goes: a task may have written one whose name differs in case only. */
export function readmePath(paths: Iterable<string>): string {
  return [...paths].find((path) => path.toLowerCase() === 'readme.md') ?? 'README.md';
}

/** README.md from the real files. */
export async function documentStep(ctx: StepContext): Promise<void> {
  const { organizationId } = ctx.scope;
  const head = ctx.project.headSnapshotId;
  if (head === null)
    throw new AppError('wrong_status', 'there is nothing to document: no task was done', {
      userMessage: 'No task has been done, so there is nothing to finish. Ask for a change to get a new plan.',
    });
  if (ctx.project.status === 'implementing') await inTx((tx) => moveProject(tx, { ...ctx.scope, to: 'documenting' }));
  const files = await ctx.files.read({ organizationId, snapshotId: head });
  let budget = FILE_TOKENS;
  const shown = [...files].filter(([, content]) => {
    budget -= estimateTokens(content);
    return budget > 0;
  });
  const skipped = await db().task.findMany({
    where: { ...ctx.scope, status: 'skipped' },
    orderBy: { position: 'asc' },
    select: { key: true, title: true },
  });
  await callStreaming(ctx, {
    role: 'document',
    purpose: 'run',
    prompt: documentPrompt({
      description: ctx.project.description,
      title: ctx.project.title,
      spec: await latestDocument(ctx, 'spec'),
      skipped: skipped.map(({ key, title }) => `${key} ${title}`),
      checks: Object.values(ctx.plan?.checks ?? {}).filter((command) => command !== undefined),
      files: shown.map(([path, content]) => ({ path, content })),
    }),
    onSettled: async (tx, result) => {
      const content = result.text.endsWith('\n') ? result.text : `${result.text}\n`;
      const { snapshotId } = await createSnapshot(tx, {
        ...ctx.scope,
        parentId: head,
        changes: new Map([[readmePath(files.keys()), content]]),
        label: 'README',
        madeByStep: ctx.step.id,
      });
      await tx.project.update({ where: { id: ctx.project.id }, data: { headSnapshotId: snapshotId } });
      await writeDocument(tx, ctx, 'readme', content);
      const events: EventPayload[] = [{ type: 'data-snapshot', snapshotId }];
      return { output: { ok: true }, snapshotId, modelCallId: result.callId, events };
    },
  });
}

/** All checks once more, on exactly the bytes that are downloaded. */
export async function finalCheckStep(ctx: StepContext): Promise<void> {
  const snapshotId = ctx.project.headSnapshotId ?? '';
  const files = await ctx.files.read({ organizationId: ctx.scope.organizationId, snapshotId });
  const { outcomes, events } = await executeChecks(ctx, files, [...files.keys()]);
  const failed = outcomes.filter(({ required, status }) => required && status !== 'passed');
  await inTx(async (tx) => {
    await saveCheckResults(
      tx,
      { ...ctx.scope, runId: ctx.run.id, taskId: null, snapshotId, attempt: ctx.step.attempt },
      outcomes,
    );
    await finishStep(tx, ctx, { output: { ok: failed.length === 0 }, snapshotId, note: summary(outcomes), events });
  });
}

/** `completed` only when the final check passed: accepted or skipped tasks may have left it failing, and that is said. */
export async function completeStep(ctx: StepContext): Promise<void> {
  const failed = await db().checkResult.findMany({
    where: {
      ...ctx.scope,
      runId: ctx.run.id,
      taskId: null,
      snapshotId: ctx.project.headSnapshotId ?? '',
      required: true,
      status: { not: 'passed' },
    },
    select: { command: true },
  });
  const reason =
    failed.length === 0
      ? null
      : `Finished, but the final check did not pass: ${failed.map(({ command }) => command).join(', ')}`;
  await inTx(async (tx) => {
    await finishStep(tx, ctx, { output: { ok: failed.length === 0 } });
    await moveRun(tx, { runId: ctx.run.id, to: failed.length === 0 ? 'completed' : 'failed', reason });
    await moveProject(tx, {
      ...ctx.scope,
      to: failed.length === 0 ? 'completed' : 'failed',
      reason,
      resumeStatus: null,
    });
  });
}
