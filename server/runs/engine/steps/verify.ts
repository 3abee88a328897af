import 'server-only';
import { AGENT_LIMITS } from '@/server/agents/context-limits';
import { reviewPrompt } from '@/server/agents/prompts/review';
import { type PlanChecks, verdictSchema } from '@/server/agents/schema';
import { db, inTx } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { attemptResult, endAttempt, taskOf } from '@/server/runs/engine/attempt';
import { callForObject } from '@/server/runs/engine/call';
import { finishStep, type StepContext } from '@/server/runs/engine/journal';
import { decide } from '@/server/runs/engine/review-decision';
import { traceWork } from '@/server/runs/engine/trace-work';
import { appendEvents } from '@/server/runs/stream/event-log';
import type { EventPayload } from '@/server/runs/stream/schema';
import { maskDurations } from '@/server/workspace/checks/mask-durations';
import { runChecks, saveCheckResults } from '@/server/workspace/checks/run-checks';
import { selectSandbox } from '@/server/workspace/sandbox/select-sandbox';
import type { CheckOutcome } from '@/server/workspace/schema';
import { diffSnapshots } from '@/server/workspace/snapshots';

/** Checks really run, on exactly the snapshot the attempt made. */
export async function checkStep(ctx: StepContext): Promise<void> {
  const { snapshotId, changed } = await attemptResult(ctx);
  const files = await ctx.files.read({ organizationId: ctx.scope.organizationId, snapshotId });
  const { outcomes, events } = await executeChecks(ctx, files, changed);
  await inTx(async (tx) => {
    const owner = { ...ctx.scope, runId: ctx.run.id, taskId: ctx.step.taskId, snapshotId, attempt: ctx.step.attempt };
    await saveCheckResults(tx, owner, outcomes);
    await finishStep(tx, ctx, { output: { ok: true }, snapshotId, note: summary(outcomes), events });
  });
}

/** A check that took this long, milliseconds, is told at once; shorter ones together with what comes next. */
const TELL_AT_ONCE_MS = 100;

/** Runs the checks; a stop ends them. @returns also the events that were not told yet. */
export async function executeChecks(
  ctx: StepContext,
  files: ReadonlyMap<string, string>,
  changed: string[],
): Promise<{ outcomes: CheckOutcome[]; events: EventPayload[] }> {
  const commands: PlanChecks = ctx.plan?.checks ?? {};
  let events: EventPayload[] = [];
  const execution = await selectSandbox(env().SANDBOX);
  const run = () =>
    runChecks({
      files,
      changed,
      commands,
      execution,
      timeoutMs: env().CHECK_TIMEOUT_MS,
      signal: ctx.signal,
      onOutcome: async ({ kind, command, status, durationMs }) => {
        events.push({ type: 'data-check', taskKey: ctx.step.taskKey, kind, command, status });
        if (durationMs < TELL_AT_ONCE_MS) return;
        const told = events;
        events = [];
        await inTx((tx) => appendEvents(tx, ctx.scope, told));
      },
    });
  const outcomes = await traceWork('checks', run);
  ctx.signal.throwIfAborted();
  return { outcomes, events };
}

export function summary(outcomes: readonly CheckOutcome[]): string {
  return outcomes.map(({ kind, status }) => `${kind} ${status}`).join(', ');
}

/** @param limit characters; what is left out is said, so that nobody takes the part for the whole. */
function diffText(diff: Awaited<ReturnType<typeof diffSnapshots>>, limit: number): string {
  const text = diff
    .map(
      ({ path, status, hunks, truncated }) =>
        `${status} ${path}${truncated ? ' (lines not compared: too many files differ)' : ''}\n${hunks.map((hunk) => `@@ -${hunk.oldStart} +${hunk.newStart} @@\n${hunk.lines.join('\n')}`).join('\n')}`,
    )
    .join('\n');
  if (text.length <= limit) return text;
  return `${text.slice(0, limit)}\n(the other ${text.length - limit} characters of the diff are left out; the files are shown whole)`;
}

/** The reviewer's verdict, bound to evidence; the code decides. */
export async function reviewStep(ctx: StepContext): Promise<void> {
  const { row, task } = await taskOf(ctx);
  const { snapshotId } = await attemptResult(ctx);
  const { organizationId } = ctx.scope;
  const checks = await db().checkResult.findMany({
    where: { organizationId, snapshotId, runId: ctx.run.id, taskId: row.id, attempt: ctx.step.attempt },
    orderBy: { createdAt: 'asc' },
  });
  const files = await ctx.files.read({ organizationId, snapshotId });
  const diff = await diffSnapshots(db(), organizationId, ctx.project.headSnapshotId, snapshotId);
  const shown = new Set([
    ...diff.filter(({ status }) => status !== 'removed').map(({ path }) => path),
    ...task.files.map(({ path }) => path),
  ]);
  const facts = checks.map((check) => ({
    status: statusOf(check.status),
    required: check.required,
    kind: check.kind,
    command: check.command,
    exitCode: check.exitCode,
    output: maskDurations(check.output),
  }));
  await callForObject(ctx, {
    role: 'review',
    task: { rowId: row.id, key: row.key, title: row.title, size: task.size },
    schema: verdictSchema,
    prompt: reviewPrompt({
      description: ctx.project.description,
      task,
      checks: facts.map(({ command, status, exitCode, output }) => ({
        command,
        status,
        exitCode,
        output: output.slice(-AGENT_LIMITS.checkOutputChars),
      })),
      diff: diffText(diff, AGENT_LIMITS.contextTokens[ctx.quality]),
      files: [...files].filter(([path]) => shown.has(path)).map(([path, content]) => ({ path, content })),
    }),
    onSettled: async (tx, verdict, result) => {
      const decision = decide({
        verdict,
        criteria: task.criteria,
        checks: facts,
        attempt: ctx.step.attempt,
        files: new Map([...files].map(([path, content]) => [path, content.split('\n').length])),
      });
      const events = await endAttempt(tx, ctx, row, { ...decision, modelStatus: verdict.status, snapshotId });
      await finishStep(tx, ctx, {
        events,
        output: { ok: true, status: decision.status },
        snapshotId,
        modelCallId: result.callId,
        note: decision.status,
      });
    },
  });
}

function statusOf(status: string): CheckOutcome['status'] {
  return status === 'passed' || status === 'failed' || status === 'skipped' ? status : 'error';
}
