import 'server-only';
import { streamText } from 'ai';
import { logger } from '@/server/platform/logger';
import type { CallContext, TextResult } from './call-grant';
import { type MeteredOptions, meteredModel } from './metered-model';

export type { CallContext, TextResult } from './call-grant';

// The SDK would write to the console what a provider does not support.
globalThis.AI_SDK_LOG_WARNINGS = (told) => logger().info(told, 'the AI SDK warns');

export interface TextRequest extends MeteredOptions {
  system: string;
  prompt: string;
  abortSignal?: AbortSignal | undefined;
}

/**
 * One complete answer in text, by the metered model.
 * @throws AppError as `executeWithAIAccess`
 */
export async function callModel(ctx: CallContext, request: TextRequest): Promise<TextResult> {
  const { system, prompt, abortSignal, ...options } = request;
  const { model, result } = meteredModel(ctx, options);
  await streamText({
    model,
    instructions: system,
    prompt,
    // The gateway's own tries know what a provider asks for; each of these would be a call of its own.
    maxRetries: 0,
    ...(abortSignal === undefined ? {} : { abortSignal }),
    onError: () => undefined,
  }).consumeStream();
  return result();
}
