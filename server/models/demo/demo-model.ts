import 'server-only';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { estimateTokens } from '@/server/models/pricing';
import { parseSections } from '../prompt-format';
import { callHintSchema } from '../schema';
import { type DemoProject, demoUnknownAnswer, matchDemoProject } from './catalogue';
import { reviewAsDemo } from './demo-review';

export interface DemoModelOptions {
  /** Milliseconds between two pieces of text. */
  delayMs: number;
}

/**
 * The offline demo model in the AI SDK's own interface: it answers with authored projects. Everything after it (parsing,
 * applying, checking, deciding, metering) is the real path.
 */
export function createDemoModel({ delayMs }: DemoModelOptions): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'demo',
    modelId: 'demo',
    supportedUrls: {},
    async doGenerate(options): Promise<LanguageModelV4GenerateResult> {
      options.abortSignal?.throwIfAborted();
      const text = answer(options);
      return {
        content: [{ type: 'text', text }],
        finishReason: { unified: 'stop', raw: 'stop' },
        usage: usageOf(options, text),
        warnings: [],
      };
    },
    async doStream(options) {
      const text = answer(options);
      const pieces = parts(options, text, delayMs);
      const stream = new ReadableStream<LanguageModelV4StreamPart>({
        async pull(controller) {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          await pieces.return(undefined);
        },
      });
      return { stream };
    },
  };
}

async function* parts(
  options: LanguageModelV4CallOptions,
  text: string,
  delayMs: number,
): AsyncGenerator<LanguageModelV4StreamPart> {
  yield { type: 'stream-start', warnings: [] };
  yield { type: 'text-start', id: '0' };
  // Word by word, a few at a time: as much text a second as a quick model writes.
  for (const piece of text.match(/(?:\S+\s*){1,4}|\s+/g) ?? []) {
    options.abortSignal?.throwIfAborted();
    if (delayMs > 0) await delay(delayMs, undefined, options.abortSignal ? { signal: options.abortSignal } : {});
    yield { type: 'text-delta', id: '0', delta: piece };
  }
  yield { type: 'text-end', id: '0' };
  yield { type: 'finish', usage: usageOf(options, text), finishReason: { unified: 'stop', raw: 'stop' } };
}

function promptText({ prompt }: LanguageModelV4CallOptions): string {
  return prompt
    .flatMap((message) =>
      typeof message.content === 'string'
        ? [message.content]
        : message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
    )
    .join('\n');
}

function usageOf(options: LanguageModelV4CallOptions, text: string) {
  const input = estimateTokens(promptText(options));
  const output = estimateTokens(text);
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}

function answer(options: LanguageModelV4CallOptions): string {
  const hint = callHintSchema.safeParse(options.providerOptions?.plumbline);
  if (!hint.success) return demoUnknownAnswer();
  const { role, taskId, taskTitle, attempt, description } = hint.data;
  const project = matchDemoProject(description ?? '');
  if (role === 'ask') return askAnswer(promptText(options), project);
  if (project === null) return demoUnknownAnswer();
  switch (role) {
    case 'clarify':
      return project.clarify;
    case 'spec':
      return project.spec;
    case 'plan':
      return project.plan;
    case 'document':
      return project.readme;
    case 'implement':
      return implementAnswer(project, taskId ?? '', taskTitle ?? '', attempt ?? 1);
    case 'review':
      return reviewAsDemo(project, promptText(options), taskId ?? '');
    case 'embed':
    case 'key-test':
      return '';
  }
}

/** Authored tasks only, by id and title: an edited title means that another thing is wanted. */
function implementAnswer(project: DemoProject, taskId: string, title: string, attempt: number): string {
  const known =
    project.tasks.find((task) => task.title === title) ??
    project.tasks.find((task) => task.id === taskId && sharesWords(task.title, title));
  const reply = known === undefined ? null : project.reply(known.id, attempt);
  return (
    reply ??
    `I am the offline demo model and know only the authored tasks of this example. I cannot do "${title}". Skip the task, or set a model key.`
  );
}

function sharesWords(a: string, b: string): boolean {
  const words = (text: string) => new Set(text.toLowerCase().match(/[a-z]{4,}/g) ?? []);
  const other = words(b);
  return [...words(a)].filter((word) => other.has(word)).length >= 2;
}

/** Shows what search found and claims nothing more. */
function askAnswer(prompt: string, project: DemoProject | null): string {
  const files = parseSections(prompt).filter(({ label }) => label.startsWith('FILE '));
  const opening = 'I am the offline demo model: I cannot reason about code.';
  if (files.length === 0)
    return `${opening} ${project === null ? 'Set a model key to ask questions.' : 'There are no files yet that could answer this.'}`;
  const shown = files
    .slice(0, 3)
    .map(
      ({ label, content }) => `\`${label.slice(5)}\`\n\n\`\`\`\n${content.split('\n').slice(0, 8).join('\n')}\n\`\`\``,
    );
  return `${opening} These are the places that search finds for your question:\n\n${shown.join('\n\n')}`;
}
