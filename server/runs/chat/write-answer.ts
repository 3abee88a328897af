import 'server-only';
import type { Project, Run } from '@/prisma/generated/client';
import { AGENT_LIMITS } from '@/server/agents/context-limits';
import { planToMarkdown } from '@/server/agents/plan-markdown';
import { askPrompt } from '@/server/agents/prompts/ask';
import { planSchema } from '@/server/agents/schema';
import { searchCode } from '@/server/code-search/search-code';
import { chooseModel } from '@/server/models/catalogue/catalogue';
import { callModel } from '@/server/models/gateway/call-model';
import { reclaimOpenCalls } from '@/server/models/gateway/reclaim-calls';
import type { Quality } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { lockProject, payerOf } from '@/server/runs/engine/actor';
import { embedderOf } from '@/server/runs/engine/embedder';
import { guardLease } from '@/server/runs/engine/guard-lease';
import { giveLease, holdLease, type Lease, takeLease } from '@/server/runs/engine/lease';
import { moveOffModel, tellNewDefault } from '@/server/runs/engine/replace-model';
import { moveRun } from '@/server/runs/engine/transitions';
import { DeltaWriter, writtenSoFar } from '@/server/runs/stream/event-log';
import { readTree } from '@/server/workspace/snapshots';
import { type Answer, answerOf, endAnswer } from './answer-run';

type AnswerRun = Run & { project: Project };

/** An answer that was cut off before its first word. */
const CUT_OFF = 'The answer was cut off before it began. Nothing was charged. Ask again.';
const FAILED = 'The answer could not be written. Nothing was charged. Ask again.';

/**
 * Writes a queued answer, under the lease of runs. One that is over, or that another process holds, is left alone.
 * @param signal the process is closing: the answer ends with what there is
 */
export async function writeAnswer(
  runId: string,
  { owner, signal }: { owner: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const lease = await takeLease(runId, owner);
  if (lease === null) return;
  const abort = new AbortController();
  const close = () => abort.abort(new Error('the process is closing'));
  signal?.addEventListener('abort', close, { once: true });
  const endGuard = guardLease({ lease, abort });
  try {
    const run = await db().run.findUniqueOrThrow({ where: { id: runId }, include: { project: true } });
    if (run.status === 'queued') await write(run, lease, abort.signal);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'lease_lost') throw error;
    logger().debug({ runId }, 'the answer was ended by somebody else');
  } finally {
    endGuard();
    signal?.removeEventListener('abort', close);
    await giveLease(db(), lease);
  }
}

/**
 * Ends an answer whose writer died, with what people saw of it. Its call is closed, with an estimate of what it used until
 * then, and nothing is charged. One that has ended by now is left alone.
 */
export async function closeDeadAnswer(runId: string): Promise<void> {
  const lease = await takeLease(runId, 'reclaim');
  if (lease === null) return;
  const run = await db().run.findUniqueOrThrow({ where: { id: runId } });
  if (run.status !== 'running') return giveLease(db(), lease);
  const answer = answerOf(run);
  const seen = await writtenSoFar(db(), answer.scope.projectId, answer.messageId);
  await reclaimOpenCalls({ runId, createdBefore: new Date(now().getTime() + 60_000) }, seen);
  await inTx(async (tx) => {
    await lockProject(tx, answer.scope);
    const text = (await writtenSoFar(tx, answer.scope.projectId, answer.messageId)) || CUT_OFF;
    await endAnswer(tx, answer, lease, { text, status: 'stopped', costMicro: 0n, modelLabel: null });
  });
}

async function write(run: AnswerRun, lease: Lease, signal: AbortSignal): Promise<void> {
  const answer = answerOf(run);
  await inTx(async (tx) => {
    await holdLease(tx, lease);
    await moveRun(tx, { runId: run.id, to: 'running', from: ['queued'] });
  });
  const writer = new DeltaWriter(answer.scope, answer.messageId);
  let soFar = '';
  try {
    await callForAnswer(run, answer, { lease, signal, writer, onText: (text) => (soFar += text) });
  } catch (error) {
    await writer.end();
    const words = isAppError(error) ? error.userMessage : FAILED;
    const status = signal.aborted ? 'stopped' : 'failed';
    const end = { text: soFar === '' ? words : soFar, status, costMicro: 0n, modelLabel: null } as const;
    await inTx((tx) => endAnswer(tx, answer, lease, end));
    logger().warn({ err: error, runId: run.id }, 'answer failed');
  }
}

interface Writing {
  lease: Lease;
  signal: AbortSignal;
  writer: DeltaWriter;
  onText(text: string): void;
}

async function callForAnswer(run: AnswerRun, answer: Answer, writing: Writing): Promise<void> {
  const { project } = run;
  const { lease, signal, writer } = writing;
  const { quality } = project;
  const model = await modelFor(project, quality);
  const prompt = askPrompt(await askContext(run, answer));
  // Stopped while it was looking things up: nothing is held or counted.
  signal.throwIfAborted();
  await callModel(
    {
      ...answer.scope,
      userId: payerOf(run),
      runId: run.id,
      taskId: null,
      stepId: null,
      role: 'ask',
      quality,
      promptVersion: prompt.version,
      idempotencyKey: `ask:${answer.messageId}`,
      hint: { description: project.description },
    },
    {
      model: model.ref,
      fallbacks: model.fallbacks,
      system: prompt.system,
      prompt: prompt.prompt,
      abortSignal: signal,
      onDelta: (text) => {
        writing.onText(text);
        writer.push(text);
      },
      beforeSettle: () => writer.end(),
      onSettled: async (tx, { text, chargedMicro: costMicro, balanceMicro, modelLabel }) =>
        endAnswer(tx, answer, lease, { text, status: 'final', costMicro, balanceMicro, modelLabel }),
    },
  );
}

async function modelFor(project: Project, quality: Quality) {
  const { organizationId, id: projectId, modelRef } = project;
  const scope = { organizationId, projectId };
  const choice = await chooseModel({ organizationId, quality, capability: 'ask' }, modelRef);
  if (choice.replaced !== null && modelRef === null) await tellNewDefault(scope, choice.replaced);
  else if (choice.replaced !== null && modelRef !== null)
    await moveOffModel(scope, choice.replaced, { from: modelRef, to: choice.ref });
  return choice;
}

/** Earlier messages of the conversation that the model reads. */
const HISTORY = 6;

async function askContext({ project, ...run }: AnswerRun, { scope, questionId }: Answer) {
  const planRow = await db().planVersion.findUnique({
    where: { projectId_version: { projectId: project.id, version: project.planVersion } },
  });
  const question = await db().message.findUniqueOrThrow({ where: { id: questionId } });
  const history = await db().message.findMany({
    where: { ...scope, purpose: 'ask', supersededAt: null, status: 'final', seq: { lt: question.seq } },
    orderBy: { seq: 'desc' },
    take: HISTORY,
  });
  const head = project.headSnapshotId;
  const { organizationId } = scope;
  return {
    description: project.description,
    question: question.text,
    history: history.reverse().map(({ role, text }) => ({ role, text: text.slice(0, 2000) })),
    plan: planRow === null ? '' : planToMarkdown(planSchema.parse(planRow.plan), new Set()),
    paths: head === null ? [] : [...(await readTree(db(), { organizationId, snapshotId: head })).keys()],
    hits: head === null ? [] : await hitsFor(scope, question.text, payerOf(run)),
  };
}

async function hitsFor(scope: Answer['scope'], query: string, userId: string | null) {
  const { hits } = await searchCode({
    ...scope,
    query,
    limit: AGENT_LIMITS.searchHits,
    embedCallFor: embedderOf(scope, userId),
  });
  return hits;
}
