import 'server-only';
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { LanguageModelMiddleware } from 'ai';

const OPEN = '<think>';
const CLOSE = '</think>';

/**
 * Thoughts in `<think>` at the start of a text are reasoning. The AI SDK's own middleware takes the tag out wherever it stands;
 * here it counts only at the start, so that code which holds the tag arrives whole.
 */
export const leadingThoughts: LanguageModelMiddleware = {
  specificationVersion: 'v4',
  wrapStream: async ({ doStream }) => {
    const { stream, ...rest } = await doStream();
    return { ...rest, stream: stream.pipeThrough(new TransformStream(splitter())) };
  },
};

/** The answer of a model that begins inside its thoughts and says only where they end, on a line of its own. */
export function afterThoughts(text: string): string {
  const [thoughts, ...answer] = text.split(/^[ \t]*<\/think>[ \t]*\r?\n?/m);
  return answer.length === 0 || thoughts?.includes(OPEN) ? text : answer.join('').replace(/^\s*\n/, '');
}

type Controller = TransformStreamDefaultController<LanguageModelV4StreamPart>;

function splitter(): Transformer<LanguageModelV4StreamPart, LanguageModelV4StreamPart> {
  // `start`: it is not known yet what the text begins with; `thinks`: inside the tag; `after`: white space behind it; `text`: all
  // that follows is the answer.
  let state: 'start' | 'thinks' | 'after' | 'text' = 'start';
  let held = '';
  const thought = (id: string, delta: string, controller: Controller) => {
    if (delta !== '') controller.enqueue({ type: 'reasoning-delta', id: `think-${id}`, delta });
  };
  const begin = (id: string, controller: Controller) => {
    if (state !== 'start') return;
    const text = held.trimStart();
    if (text.length < OPEN.length && OPEN.startsWith(text)) return;
    state = text.startsWith(OPEN) ? 'thinks' : 'text';
    if (state === 'text') return;
    controller.enqueue({ type: 'reasoning-start', id: `think-${id}` });
    held = text.slice(OPEN.length);
  };
  const think = (id: string, controller: Controller) => {
    if (state !== 'thinks') return;
    const end = held.indexOf(CLOSE);
    // The end of what came may be the beginning of the closing tag.
    const sure = end >= 0 ? end : held.length - overlap(held);
    thought(id, held.slice(0, sure), controller);
    held = held.slice(end >= 0 ? end + CLOSE.length : sure);
    if (end < 0) return;
    controller.enqueue({ type: 'reasoning-end', id: `think-${id}` });
    state = 'after';
  };
  const say = (id: string, controller: Controller) => {
    if (state === 'start' || state === 'thinks') return;
    if (state === 'after') held = held.trimStart();
    if (held === '') return;
    state = 'text';
    controller.enqueue({ type: 'text-delta', id, delta: held });
    held = '';
  };
  const end = (id: string, controller: Controller) => {
    if (state === 'thinks') {
      thought(id, held, controller);
      controller.enqueue({ type: 'reasoning-end', id: `think-${id}` });
      held = '';
    } else if (state === 'start') state = 'text';
    say(id, controller);
    state = 'text';
  };
  return {
    transform(part, controller) {
      if (part.type === 'text-delta' && state !== 'text') {
        held += part.delta;
        begin(part.id, controller);
        think(part.id, controller);
        say(part.id, controller);
        return;
      }
      if (part.type === 'text-end') end(part.id, controller);
      controller.enqueue(part);
    },
  };
}

function overlap(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--)
    if (CLOSE.startsWith(text.slice(-length))) return length;
  return 0;
}
