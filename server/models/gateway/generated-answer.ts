import 'server-only';
import type { LanguageModelV4Content, LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import type { AnswerPart } from './stream-answer';

type Block = Extract<LanguageModelV4Content, { type: 'text' | 'reasoning' }>;
type FinishPart = Extract<AnswerPart, { type: 'finish' }>;

/** Of a stream these only say how it goes on. */
const PROGRESS: ReadonlySet<AnswerPart['type']> = new Set([
  'tool-input-start',
  'tool-input-delta',
  'tool-input-end',
  'ping',
  'raw',
  'error',
  'finish',
]);

/**
 * A streamed answer as one result, for `generateText`: blocks of text and of reasoning whole, the rest in the order it came. What
 * a provider says of a block at its end is what counts: signatures of thoughts stand there.
 */
export function generatedAnswer(parts: readonly AnswerPart[], finish: FinishPart): LanguageModelV4GenerateResult {
  const content: LanguageModelV4Content[] = [];
  const blocks = new Map<string, Block>();
  let warnings: LanguageModelV4GenerateResult['warnings'] = [];
  let response: NonNullable<LanguageModelV4GenerateResult['response']> = {};
  for (const part of parts) {
    switch (part.type) {
      case 'stream-start':
        warnings = part.warnings;
        break;
      case 'response-metadata': {
        const { type: _, ...metadata } = part;
        response = { ...response, ...metadata };
        break;
      }
      case 'text-start':
      case 'text-delta':
      case 'text-end':
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end': {
        const type = part.type.startsWith('text') ? 'text' : 'reasoning';
        const block: Block = blocks.get(`${type} ${part.id}`) ?? { type, text: '' };
        if (!blocks.has(`${type} ${part.id}`)) content.push(block);
        blocks.set(`${type} ${part.id}`, block);
        if ('delta' in part) block.text += part.delta;
        if (part.providerMetadata !== undefined) block.providerMetadata = part.providerMetadata;
        break;
      }
      default:
        if (!PROGRESS.has(part.type)) content.push(part as LanguageModelV4Content);
    }
  }
  const { finishReason, usage, providerMetadata } = finish;
  return { content, finishReason, usage, warnings, response, ...(providerMetadata ? { providerMetadata } : {}) };
}
