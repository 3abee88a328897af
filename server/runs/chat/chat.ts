import 'server-only';
import { AGENT_LIMITS } from '@/server/agents/context-limits';
import { planToMarkdown } from '@/server/agents/plan-markdown';
import { askPrompt } from '@/server/agents/prompts/ask';
import { planSchema } from '@/server/agents/schema';
import { searchCode } from '@/server/code-search/search-code';
import { chooseModel } from '@/server/models/catalogue';
import { callModel } from '@/server/models/gateway';
import { requireAIAccess } from '@/server/models/require-ai-access';
import { db, inTx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { type Actor, say } from '@/server/runs/engine/actor';
import { endMessage } from '@/server/runs/engine/call';
import { embedderOf } from '@/server/runs/engine/embedder';
import { takesNotes } from '@/server/runs/engine/notes';
import { moveOffModel, tellNewDefault } from '@/server/runs/engine/replace-model';
import { replan } from '@/server/runs/plan/replan';
import { appendEvents, DeltaWriter } from '@/server/runs/stream/event-log';
import { readTree } from '@/server/workspace/snapshots';
import { describeAgain } from './describe-project';

const holder = globalThis as typeof globalThis & { plumblineAnswers?: Map<string, AbortController> };
/** Answers being streamed by this process, by project: what stop ends. */
function answers(): Map<string, AbortController> {
  holder.plumblineAnswers ??= new Map();
  return holder.plumblineAnswers;
}

/**
 * What a person writes: during a run, paused or not, a note that its next step reads, on a draft a new description, else a question about
 * the project (or, beginning with `/change`, a change that becomes a new plan). The answer streams on after this returns.
 * @returns the id of the person's message.
 */
export async function sendMessage(actor: Actor, text: string): Promise<string> {
  const project = await db().project.findFirst({
    where: { id: actor.projectId, organizationId: actor.organizationId },
  });
  if (project === null) throw notFound('Project');
  if (project.status === 'draft') {
    await describeAgain(actor, text);
    return '';
  }
  const change = /^\/change\s+(\S[\s\S]*)$/.exec(text)?.[1];
  if (change !== undefined) {
    await replan(actor, change);
    return '';
  }
  if (takesNotes(project.status)) return inTx((tx) => say(tx, actor, { text, purpose: 'note' }));
  if (answers().has(actor.projectId))
    throw new AppError('conflict', 'an answer is still being written', {
      userMessage: 'The last answer is still being written. Stop it first.',
    });
  await requireAIAccess({
    organizationId: actor.organizationId,
    userId: actor.userId,
    capability: 'ask',
    quality: project.quality,
    modelRef: project.modelRef,
  });
  const id = await inTx((tx) => say(tx, actor, { text, purpose: 'ask' }));
  const abort = new AbortController();
  answers().set(actor.projectId, abort);
  answer(actor, text, abort.signal)
    .catch((error: unknown) => logger().warn({ err: error, projectId: actor.projectId }, 'answer failed'))
    .finally(() => answers().delete(actor.projectId));
  return id;
}

async function answer(actor: Actor, question: string, signal: AbortSignal): Promise<void> {
  const scope = { organizationId: actor.organizationId, projectId: actor.projectId };
  const messageId = newId();
  await inTx(async (tx) => {
    await tx.message.create({
      data: { id: messageId, ...scope, role: 'assistant', text: '', purpose: 'ask', status: 'streaming' },
    });
    await appendEvents(tx, scope, [{ type: 'text-start', id: messageId, role: 'assistant', purpose: 'ask', text: '' }]);
  });
  const writer = new DeltaWriter(scope, messageId);
  let soFar = '';
  try {
    const project = await db().project.findUniqueOrThrow({ where: { id: actor.projectId } });
    const quality = project.quality;
    const choice = await chooseModel(
      { organizationId: actor.organizationId, quality, capability: 'ask' },
      project.modelRef,
    );
    if (choice.replaced !== null && project.modelRef === null) await tellNewDefault(scope, choice.replaced);
    else if (choice.replaced !== null && project.modelRef !== null)
      await moveOffModel(scope, choice.replaced, { from: project.modelRef, to: choice.ref });
    const prompt = askPrompt(await askContext(actor, question));
    await callModel(
      {
        ...scope,
        userId: actor.userId,
        runId: null,
        taskId: null,
        stepId: null,
        role: 'ask',
        quality,
        promptVersion: prompt.version,
        idempotencyKey: `ask:${messageId}`,
        hint: { description: project.description },
      },
      {
        model: choice.ref,
        fallbacks: choice.fallbacks,
        system: prompt.system,
        prompt: prompt.prompt,
        abortSignal: signal,
        onDelta: (text) => {
          soFar += text;
          writer.push(text);
        },
        beforeSettle: () => writer.end(),
        onSettled: (tx, result) =>
          endMessage(
            tx,
            { scope },
            {
              id: messageId,
              text: result.text,
              status: 'final',
              costMicro: result.chargedMicro,
              balanceMicro: result.balanceMicro,
              modelLabel: result.modelLabel,
            },
          ),
      },
    );
  } catch (error) {
    await writer.end();
    const note = soFar === '' && error instanceof AppError ? error.userMessage : soFar;
    await inTx((tx) =>
      endMessage(
        tx,
        { scope },
        { id: messageId, text: note, status: signal.aborted ? 'stopped' : 'failed', costMicro: 0n, modelLabel: null },
      ),
    );
    throw error;
  }
}

async function askContext(actor: Actor, question: string) {
  const scope = { organizationId: actor.organizationId, projectId: actor.projectId };
  const project = await db().project.findUniqueOrThrow({ where: { id: actor.projectId } });
  const planRow = await db().planVersion.findUnique({
    where: { projectId_version: { projectId: project.id, version: project.planVersion } },
  });
  const history = await db().message.findMany({
    where: { ...scope, purpose: 'ask', supersededAt: null, status: 'final' },
    orderBy: { seq: 'desc' },
    take: 7,
  });
  const head = project.headSnapshotId;
  return {
    description: project.description,
    question,
    history: history
      .reverse()
      .slice(0, -1)
      .map(({ role, text }) => ({ role, text: text.slice(0, 2000) })),
    plan: planRow === null ? '' : planToMarkdown(planSchema.parse(planRow.plan), new Set()),
    paths:
      head === null
        ? []
        : [...(await readTree(db(), { organizationId: actor.organizationId, snapshotId: head })).keys()],
    hits:
      head === null
        ? []
        : (
            await searchCode({
              ...scope,
              query: question,
              limit: AGENT_LIMITS.searchHits,
              embedCallFor: embedderOf(scope, actor.userId),
            })
          ).hits,
  };
}

/** Edits a question of one's own and asks again: it and everything after it in the conversation is struck out. */
export async function editAndResend(actor: Actor, messageId: string, text: string): Promise<string> {
  const scope = { organizationId: actor.organizationId, projectId: actor.projectId };
  await inTx(async (tx) => {
    const message = await tx.message.findFirst({
      where: {
        ...scope,
        id: messageId,
        role: 'user',
        userId: actor.userId,
        purpose: { in: ['ask', 'note', 'description'] },
      },
    });
    if (message === null) throw notFound('Message');
    const later = await tx.message.findMany({
      where: {
        ...scope,
        seq: { gte: message.seq },
        supersededAt: null,
        purpose: { in: ['ask', 'note', 'description', 'clarify'] },
        status: { not: 'streaming' },
      },
      select: { id: true },
    });
    const ids = later.map(({ id }) => id);
    await tx.message.updateMany({ where: { id: { in: ids } }, data: { supersededAt: new Date() } });
    await appendEvents(tx, scope, [{ type: 'data-superseded', ids }]);
  });
  return sendMessage(actor, text);
}

/** Ends the answer being written; what there is stays, and nothing is charged for it. */
export async function stopAnswer(actor: Actor): Promise<void> {
  const project = await db().project.findFirst({
    where: { id: actor.projectId, organizationId: actor.organizationId },
    select: { id: true },
  });
  if (project === null) throw notFound('Project');
  answers().get(actor.projectId)?.abort(new Error('stopped'));
}
