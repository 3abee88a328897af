import 'server-only';
import { z } from 'zod';
import { AGENT_LIMITS } from '@/server/agents/context-limits';
import { planToMarkdown } from '@/server/agents/plan-markdown';
import { implementPrompt, repairPrompt } from '@/server/agents/prompts/implement';
import type { Finding, PlannedTask } from '@/server/agents/schema';
import { readRepoMap } from '@/server/code-search/code-reader';
import { searchCode } from '@/server/code-search/search-code';
import { estimateTokens } from '@/server/models/pricing';
import { db, inTx, type Tx } from '@/server/platform/db';
import { payerOf } from '@/server/runs/engine/actor';
import { endAttempt, lastFindings, stepOutput, taskOf } from '@/server/runs/engine/attempt';
import { callStreaming } from '@/server/runs/engine/call';
import { embedderOf } from '@/server/runs/engine/embedder';
import { finishStep, type StepContext } from '@/server/runs/engine/journal';
import { consumeNotes, notesOfAttempts, readNotes } from '@/server/runs/engine/notes';
import { traceWork } from '@/server/runs/engine/trace-work';
import { moveTask } from '@/server/runs/engine/transitions';
import type { EventPayload } from '@/server/runs/stream/schema';
import { renderRefusals } from '@/server/workspace/edits/apply-edits';
import { type ParsedReply, parseReply } from '@/server/workspace/edits/parse-reply';
import { refusalCodeSchema } from '@/server/workspace/schema';
import { createSnapshot } from '@/server/workspace/snapshots';
import { latestDocument } from './design';
import { type Evaluation, evaluateReply, filesToRepair, mergeRepair, renderCounts } from './evaluate-reply';

export const replySchema = z.object({ text: z.string() });

async function headFiles(ctx: StepContext): Promise<ReadonlyMap<string, string>> {
  const snapshotId = ctx.project.headSnapshotId;
  return snapshotId === null ? new Map() : ctx.files.read({ organizationId: ctx.scope.organizationId, snapshotId });
}

/** The implementer's answer for one task, with the right code in front of it. */
export async function implementStep(ctx: StepContext): Promise<void> {
  const { row, task } = await taskOf(ctx);
  if (row.status === 'pending') await inTx((tx) => moveTask(tx, ctx.scope, row, 'running', ['pending']));
  const notes = await readNotes(ctx.scope, await notesOfAttempts(ctx.scope, row));
  await callStreaming(ctx, {
    role: 'implement',
    purpose: 'run',
    prompt: implementPrompt({
      ...(await traceWork('context', () => implementContext(ctx, task))),
      notes: notes.texts,
    }),
    task: { rowId: row.id, key: row.key, title: row.title, size: task.size },
    onSettled: async (tx, result) => {
      await consumeNotes(tx, ctx.scope, notes);
      return { output: { text: result.text, notes: notes.ids }, modelCallId: result.callId };
    },
  });
}

/** In the order of formats.md, within the quality's token budget: stable parts first. */
async function implementContext(ctx: StepContext, task: PlannedTask) {
  const files = await headFiles(ctx);
  const spec = await latestDocument(ctx, 'spec');
  const done = await db().task.findMany({
    where: { ...ctx.scope, status: { in: ['approved', 'accepted'] } },
    select: { key: true },
  });
  const plan = ctx.plan === null ? '' : planToMarkdown(ctx.plan, new Set(done.map(({ key }) => key)));
  const findings = ctx.step.attempt > 1 ? await lastFindings(ctx) : [];
  const named = task.files.map(({ path }) => path);
  const mentioned = findings.flatMap(({ file }) => (file === undefined ? [] : [file]));
  let budget = AGENT_LIMITS.contextTokens[ctx.quality] - estimateTokens(spec) - estimateTokens(plan);
  const chosen: { path: string; content: string }[] = [];
  const take = (path: string) => {
    const content = files.get(path);
    if (content === undefined || chosen.some((file) => file.path === path)) return;
    const cost = estimateTokens(content);
    if (cost > budget) return;
    budget -= cost;
    chosen.push({ path, content });
  };
  for (const path of [...named, ...mentioned]) take(path);
  const { hits } =
    files.size === 0
      ? { hits: [] }
      : await searchCode({
          ...ctx.scope,
          query: `${task.title} ${task.criteria.map(({ text }) => text).join(' ')}`,
          limit: AGENT_LIMITS.searchHits,
          embedCallFor: embedderOf(ctx.scope, payerOf(ctx.run)),
        });
  // A small project fits whole: then nothing has to be guessed.
  for (const path of [...hits.map((hit) => hit.path), ...files.keys()]) take(path);
  return {
    description: ctx.project.description,
    spec,
    plan,
    task,
    repoMap:
      files.size === 0 ? '' : await readRepoMap({ files, focus: named, budgetTokens: AGENT_LIMITS.repoMapTokens }),
    files: chosen,
    searchHits: hits.filter((hit) => !chosen.some(({ path }) => path === hit.path)),
    findings: findings.map(describeFinding),
  };
}

function describeFinding(finding: Finding): string {
  const place =
    finding.file === undefined ? '' : ` ${finding.file}${finding.line === undefined ? '' : `:${finding.line}`}`;
  return `- [${finding.severity}${finding.criterion === undefined ? '' : ` ${finding.criterion}`}]${place} ${finding.problem}${finding.fix === '' ? '' : ` Fix: ${finding.fix}`}`;
}

const appliedSchema = z.object({
  ok: z.boolean(),
  refusals: z.array(z.object({ code: refusalCodeSchema, path: z.string(), message: z.string() })).default([]),
  changed: z.array(z.string()).default([]),
});

/** Applies the answer to the head; all blocks or none. Refused blocks are asked for once more by the repair step. */
export async function applyStep(ctx: StepContext): Promise<void> {
  const reply = await stepOutput(ctx, 'implement', replySchema);
  await applyBlocks(ctx, parseReply(reply?.text ?? ''), 'apply');
}

/** The same with the corrected blocks in place of the refused ones. */
export async function reapplyStep(ctx: StepContext): Promise<void> {
  const reply = await stepOutput(ctx, 'implement', replySchema);
  const repair = await stepOutput(ctx, 'repair', replySchema);
  const applied = await stepOutput(ctx, 'apply', appliedSchema);
  const parsed = mergeRepair(parseReply(reply?.text ?? ''), parseReply(repair?.text ?? ''), {
    refusals: applied?.refusals ?? [],
    before: await headFiles(ctx),
  });
  await applyBlocks(ctx, parsed, 'reapply');
}

async function applyBlocks(ctx: StepContext, parsed: ParsedReply, phase: 'apply' | 'reapply'): Promise<void> {
  const { row, task } = await taskOf(ctx);
  const before = await headFiles(ctx);
  const outcome = evaluateReply({ before, parsed, task });
  await inTx(async (tx) => {
    if (outcome.refusals.length === 0) return applied(tx, ctx, row.key, outcome);
    const repairable =
      phase === 'apply' && parsed.unfinished === null && parsed.blocks.length + parsed.malformed.length > 0;
    let events: EventPayload[] = [];
    if (!repairable) {
      events = await endAttempt(tx, ctx, row, {
        status: 'REJECTED',
        modelStatus: null,
        decidedBy: 'the edits could not be applied',
        findings: outcome.refusals.map(({ code, message }) => ({
          severity: 'blocker' as const,
          criterion: task.criteria[0]?.id ?? task.id,
          problem: `${code}: ${message}`.slice(0, 1900),
          fix: 'Give edits that apply.',
        })),
        criteria: [],
        snapshotId: ctx.project.headSnapshotId ?? 'none',
      });
    }
    const note = renderCounts(outcome.counts);
    await finishStep(tx, ctx, {
      events,
      output: {
        ok: false,
        refusals: outcome.refusals.map((refusal) => ({ ...refusal })),
        counts: { ...outcome.counts },
        note,
      },
      note,
    });
  });
}

async function applied(
  tx: Tx,
  ctx: StepContext,
  taskKey: string,
  { changes, applied: edits, counts }: Evaluation,
): Promise<void> {
  const { snapshotId, changed } = await createSnapshot(tx, {
    ...ctx.scope,
    parentId: ctx.project.headSnapshotId,
    changes,
    label: `${taskKey}, attempt ${ctx.step.attempt}`,
    madeByStep: ctx.step.id,
  });
  let events: EventPayload[] = [];
  if (!changed) {
    const { row, task } = await taskOfTx(tx, ctx);
    events = await endAttempt(tx, ctx, row, {
      status: 'REJECTED',
      modelStatus: null,
      decidedBy: 'empty diff',
      findings: [{ severity: 'blocker', criterion: task, problem: 'The answer changed nothing.', fix: '' }],
      criteria: [],
      snapshotId,
      final: true,
    });
  }
  const rungs = edits.flatMap(({ path, rungs: matched }) =>
    matched.filter((rung) => rung !== 'exact').map((rung) => `${path}: ${rung}`),
  );
  const note = `${renderCounts(counts)}${rungs.length > 0 ? ` (matched loosely: ${rungs.join(', ')})` : ''}`;
  await finishStep(tx, ctx, {
    events,
    output: {
      ok: changed,
      changed: [...changes.keys()],
      edits: edits.map((edit) => ({ ...edit })),
      counts: { ...counts },
      note,
    },
    snapshotId,
    note,
  });
}

async function taskOfTx(tx: Tx, ctx: StepContext) {
  const row = await tx.task.findFirstOrThrow({ where: { id: ctx.step.taskId ?? '' } });
  return { row, task: row.key };
}

/** Asks again for the refused and missing blocks alone; free. */
export async function repairStep(ctx: StepContext): Promise<void> {
  const { row, task } = await taskOf(ctx);
  const refused = await stepOutput(ctx, 'apply', appliedSchema);
  const files = await headFiles(ctx);
  const refusals = refused?.refusals ?? [];
  await callStreaming(ctx, {
    role: 'implement',
    purpose: 'run',
    isRework: true,
    prompt: repairPrompt({
      task,
      description: ctx.project.description,
      refusals: renderRefusals(refusals),
      files: filesToRepair(refusals, files),
    }),
    task: { rowId: row.id, key: row.key, title: row.title, size: task.size },
    onSettled: async (_tx, result) => ({
      output: { text: result.text },
      modelCallId: result.callId,
    }),
  });
}
